"""The body of a request to `/v1`: JSON that fits what the route takes."""

from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from evergrant.entry.api.problem import BadRequest
from evergrant.wire import AnswerTooLarge, check_shape

LARGEST = 64 << 10
JSON = "application/json"


class Body(BaseModel):
    """Base of bodies."""

    largest: ClassVar[int] = LARGEST
    """Bytes."""
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


BodyT = TypeVar("BodyT", bound=Body)


async def body_of(request: Request, kind: type[BodyT]) -> BodyT:
    """The request's body, none at all standing for an object without members.

    Raises BadRequest, which names the place that is wrong and never what stands there.
    """
    content = await content_of(request, kind.largest)
    if content and not _is_json(request):
        raise BadRequest("The body is not JSON.", "Send it as application/json.", "unsupported_media_type", 415)
    try:
        check_shape(content)
        return kind.model_validate_json(content or b"{}")
    except AnswerTooLarge:
        raise BadRequest("The body is nested too deep, or holds too much.", "Send less at once.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = "".join(f"/{step}" for step in first["loc"]) or "the top"
        wrong = f"The body does not fit at {place}: {first['msg']}."
        raise BadRequest(wrong, "Correct it and send it again as a JSON object.") from None


async def content_of(request: Request, largest: int) -> bytes:
    """The bytes of the request's body, however often they are asked for; raises BadRequest where they are too many."""
    if not hasattr(request.state, "content"):
        request.state.content = await _read(request, largest)
    content: bytes = request.state.content
    return content


async def _read(request: Request, largest: int) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > largest:
            raise BadRequest(f"The body is larger than {largest >> 10} KiB.", "Send less at once.", "too_large", 413)
    return bytes(content)


def _is_json(request: Request) -> bool:
    """A body of no stated type is taken for JSON."""
    kind = request.headers.get("Content-Type", JSON).partition(";")[0].strip().lower()
    return kind == JSON or (kind.startswith("application/") and kind.endswith("+json"))
