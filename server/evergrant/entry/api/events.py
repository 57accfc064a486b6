"""`/v1/events`: the outbox, for those who would rather ask than be called."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.entry.api.guard import Api, BadRequest
from evergrant.entry.api.problem import answer
from evergrant.model.clock import Clock
from evergrant.model.event import EVENT_TYPES, Event, unknown_types
from evergrant.model.json import JsonObject
from evergrant.vault.outbox import Outbox

MOST = 100
LONGEST_WAIT_S = 30
LOOK_EVERY_S = 0.25


def event_routes(api: Api, outbox: Outbox, clock: Clock) -> Sequence[Route]:
    """`GET /v1/events?after=SEQ&limit=N&types=A,B&wait=S`: the tenant's events after one place in their order, oldest
    first. Where there is none yet, the answer waits for one, for `wait` seconds at most."""

    async def events(request: Request, tenant_id: str) -> Response:
        after, limit = _number(request, "after", 0), min(_number(request, "limit", MOST), MOST)
        types, wait = _types(request), min(_number(request, "wait", 0), LONGEST_WAIT_S)
        end = clock.monotonic() + wait
        while not (found := outbox.after(tenant_id, after, limit, types)) and clock.monotonic() < end:
            await clock.sleep(LOOK_EVERY_S)
        return answer({"events": [as_json(event) for event in found], "next": found[-1].seq if found else after})

    return [api.operator_route("/events", "GET", events)]


def as_json(event: Event) -> JsonObject:
    """The event as a receiver gets it, with its id and its place in the tenant's order."""
    return {"id": event.id, "seq": event.seq, **event.data}


def _types(request: Request) -> list[str]:
    names = [name for name in request.query_params.get("types", "").split(",") if name]
    if unknown := unknown_types(names):
        raise BadRequest(f"There is no event type {unknown[0]!r}.", f"There are: {', '.join(EVENT_TYPES)}.")
    return names


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise BadRequest(f"{name} is a number that is not negative.", f"Leave it out, or write ?{name}={default}")
    return int(text)
