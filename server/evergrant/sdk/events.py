"""Events as they are read: a page at a time, in their order, none twice."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from evergrant.model.json import Json, JsonObject, text_at
from evergrant.sdk.http import Ask, Http
from evergrant.sdk.reading import objects

POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """One event; `seq` is its place in the order, `data` all that was told."""

    seq: int
    type: str
    account: str | None
    data: JsonObject


async def read_events(http: Http, after: int, *, endless: bool) -> AsyncIterator[ReceivedEvent]:
    """The events after one place; where `endless`, also those to come, asked for every second."""
    while True:
        page = await _page(http, after)
        for event in page:
            after = event.seq
            yield event
        if page:
            continue
        if not endless:
            return
        await http.clock.sleep(POLL_S)


async def _page(http: Http, after: int) -> list[ReceivedEvent]:
    found = await http.ask(Ask("GET", "/v1/events", {"after": after}, repeatable=True))
    return [_event(each) for each in objects(found.get("events"))]


def _event(data: Mapping[str, Json]) -> ReceivedEvent:
    seq = data.get("seq")
    return ReceivedEvent(
        seq=seq if isinstance(seq, int) else 0,
        type=text_at(data, "/event") or "",
        account=text_at(data, "/connected_account_id"),
        data=data,
    )
