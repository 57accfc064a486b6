"""The body of a request to `/v1`: JSON that fits what the route takes."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from evergrant.entry.api.guard import BadRequest
from evergrant.model.json import JsonObject
from evergrant.wire import AnswerTooLarge, check_shape, parse_json

LARGEST = 64 << 10
WRITE = 'Send a JSON object, such as {"url": "https://example.com/hooks"}.'


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


async def read_object(request: Request) -> JsonObject:
    """The request's JSON object, an empty one where it has no body; raises BadRequest."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise BadRequest("The body is larger than is read here (64 KiB).", WRITE)
    try:
        check_shape(body)
    except AnswerTooLarge:
        raise BadRequest("The body is nested too deep.", WRITE) from None
    is_json, value = parse_json(body)
    if not body.strip():
        return {}
    if not is_json or not isinstance(value, dict):
        raise BadRequest("The body is not a JSON object.", WRITE)
    return value
