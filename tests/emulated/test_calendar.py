"""Google Calendar's tools at work on a calendar that somebody else wrote."""

import pytest
from tests.fakes.emulated import Agent, pick, rows

from evergrant.model.json import Json, at

pytestmark = pytest.mark.anyio
DECEMBER: dict[str, Json] = {"from": "2026-12-01T00:00:00+01:00", "to": "2026-12-05T00:00:00+01:00"}
PLANNING: dict[str, Json] = {
    "title": "Planning",
    "start": "2026-12-01T15:00:00+01:00",
    "end": "2026-12-01T16:00:00+01:00",
    "attendees": ["ben@globex.example"],
    "location": "Room 2",
    "description": "Bring figures.",
}


async def test_an_event_is_planned_found_and_called_off(calendar: Agent) -> None:
    made = await calendar.does("google_calendar_create_event", **PLANNING)
    same = ("title", "start", "end", "location", "description")
    assert pick(made, *same) == [PLANNING[key] for key in same]
    assert pick(made, "attendees/0/email", "status") == ["ben@globex.example", "confirmed"]
    off = await calendar.does("google_calendar_create_event", title="Off", start="2026-12-02", end="2026-12-03")
    assert pick(off, "start", "end") == ["2026-12-02", "2026-12-03"]

    first = await calendar.does("google_calendar_list_events", **DECEMBER, limit=1)
    second = await calendar.does("google_calendar_list_events", **DECEMBER, cursor=at(first, "/next_cursor"))
    assert [at(page, "/items/0/id") for page in (first, second)] == [at(made, "/id"), at(off, "/id")]
    [found] = rows(await calendar.does("google_calendar_search_events", query="ben@globex", **DECEMBER))
    assert at(found, "/id") == at(made, "/id")

    free = await calendar.does("google_calendar_find_free_time", **{"from": "2026-12-01T13:00:00Z"}, to=PLANNING["end"])
    assert at(free, "/free") == [{"start": "2026-12-01T13:00:00Z", "end": PLANNING["start"], "minutes": 60}]

    event: dict[str, Json] = {"event_id": at(made, "/id")}
    await calendar.does("google_calendar_delete_event", **event)
    assert rows(await calendar.does("google_calendar_search_events", query="Planning", **DECEMBER)) == []
    gone = await calendar.fails("google_calendar_delete_event", **event)
    assert gone.provider_code == "notFound"


async def test_a_calendar_is_looked_up(calendar: Agent) -> None:
    listed = await calendar.does("google_calendar_list_calendars")
    mine = {"id": "primary", "name": "anna@acme.example", "time_zone": "UTC", "access": "owner", "primary": True}
    assert rows(listed) == [mine]
    read = await calendar.does("google_calendar_request", path="/calendar/v3/users/me/calendarList")
    assert at(read, "/items/0/summary") == "anna@acme.example"
    nowhere = await calendar.fails("google_calendar_create_event", **PLANNING, calendar_id="nobody@acme.example")
    assert nowhere.provider_code == "notFound"
