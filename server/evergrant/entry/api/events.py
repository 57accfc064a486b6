"""`/v1/events`: the outbox, for those who would rather ask than be called."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.entry.api.guard import Api, BadRequest
from evergrant.entry.api.problem import answer
from evergrant.model.event import Event
from evergrant.model.json import JsonObject
from evergrant.vault.outbox import Outbox

MOST = 100


def event_routes(api: Api, outbox: Outbox) -> Sequence[Route]:
    """`GET /v1/events?after=SEQ&limit=N`: the tenant's events after one place in their order, oldest first."""

    async def events(request: Request, tenant_id: str) -> Response:
        after, limit = _number(request, "after", 0), min(_number(request, "limit", MOST), MOST)
        found = outbox.after(tenant_id, after, limit)
        return answer({"events": [as_json(event) for event in found], "next": found[-1].seq if found else after})

    return [api.route("/events", "GET", events)]


def as_json(event: Event) -> JsonObject:
    """The event as a receiver gets it, with its id and its place in the tenant's order."""
    return {"id": event.id, "seq": event.seq, **event.data}


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise BadRequest(f"{name} is a number that is not negative.", f"Leave it out, or write ?{name}={default}")
    return int(text)
