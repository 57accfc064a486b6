"""What comes with a request of the HTTP API: one JSON object of bounded size, or nothing."""

from starlette.requests import Request

from evergrant.entry.api.guard import BadRequest
from evergrant.model.json import JsonObject
from evergrant.wire import AnswerTooLarge, check_shape, parse_json

LARGEST = 64 << 10
WRITE = 'Send a JSON object, such as {"url": "https://example.com/hooks"}.'


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
