"""The body of a request to `/v1`: JSON that fits what the route takes."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from evergrant.entry.api.guard import BadRequest

LARGEST = 64 << 10


class Body(BaseModel):
    """Base of bodies."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


BodyT = TypeVar("BodyT", bound=Body)


async def body_of(request: Request, kind: type[BodyT]) -> BodyT:
    """The request's body; raises BadRequest, which names the place that is wrong and never what stands there."""
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST:
            raise BadRequest(f"The body is larger than {LARGEST} bytes.", "Send less at once.")
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = "".join(f"/{step}" for step in first["loc"]) or "the top"
        wrong = f"The body does not fit at {place}: {first['msg']}."
        raise BadRequest(wrong, "Correct it and send it again.") from None
