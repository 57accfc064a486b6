"""`/v1/events`: the outbox, for those who would rather ask than be called."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AwareDatetime, Field
from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.api.guard import Api
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.problem import answer
from evergrant.entry.api.query import DIGITS, NAMES, Query, query_of
from evergrant.model.clock import Clock
from evergrant.model.event import Event, EventType
from evergrant.model.held_call import CallEffect, Decision
from evergrant.model.json import JsonObject
from evergrant.model.principal import Principal
from evergrant.vault.outbox import Outbox

MOST = 100
LATEST = 10**15 - 1
LONGEST_WAIT_S = 30
LOOK_EVERY_S = 0.25


class _After(Query):
    after: Annotated[int, Field(ge=0, le=LATEST, description="The `seq` of the last event that is known."), DIGITS] = 0
    limit: Annotated[int, Field(ge=1, le=MOST, description="How many at most."), DIGITS] = MOST
    types: Annotated[tuple[EventType, ...], Field(description="Of these types only."), NAMES] = ()
    wait: Annotated[
        int,
        Field(ge=0, le=LONGEST_WAIT_S, description="Seconds to wait for an event where there is none."),
        DIGITS,
    ] = 0


class EventTold(Given):
    """What happened, as a webhook tells it too."""

    id: str
    seq: int = Field(description="Its place in the tenant's order.")
    event: EventType
    provider: str
    tenant_id: str
    occurred_at: AwareDatetime
    connected_account_id: str | None = None
    connection_id: str | None = None
    alias: str | None = None
    error_code: str | None = None
    cause: str | None = None
    reauth_url: str | None = None
    refresh_token_expires_at: AwareDatetime | None = None
    tool_name: str | None = None
    effect: CallEffect | None = None
    call_id: str | None = None
    approval_url: str | None = None
    approval: Decision | None = None
    decided_by: str | None = None


class EventList(Given):
    events: list[EventTold]
    next: int = Field(description="`after` of the next request, also where there is none yet.")


READ = Operation(
    "Read the events after one place in their order, oldest first",
    EventList,
    "events",
    query=_After,
    detail="Places are numbers, not cursors, so that a reader can keep the last one and go on from it at any time, "
    "and start a webhook's replay from it.",
)


def event_routes(api: Api, outbox: Outbox, clock: Clock) -> Sequence[Described]:
    """`GET /v1/events?after=SEQ&limit=N&types=A,B&wait=S`: the tenant's events after one place in their order, oldest
    first. Where there is none yet, the answer waits for one, for `wait` seconds at most."""

    async def events(request: Request, who: Principal) -> Response:
        asked = query_of(request, _After)
        end = clock.monotonic() + asked.wait
        while (
            not (found := outbox.after(who.tenant_id, asked.after, asked.limit, asked.types))
            and clock.monotonic() < end
        ):
            await clock.sleep(LOOK_EVERY_S)
        return answer({"events": [as_json(event) for event in found], "next": found[-1].seq if found else asked.after})

    return [api.operator_route("/events", "GET", events, READ)]


def as_json(event: Event) -> JsonObject:
    """The event as a receiver gets it, with its id and its place in the tenant's order."""
    return {"id": event.id, "seq": event.seq, **event.data}
