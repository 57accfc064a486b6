"""Slack's tools at work on a Slack that somebody else wrote, and that checks the scopes of each call."""

from datetime import timedelta

import pytest
from tests.fakes.emulated import Agent, pick, rows

from evergrant.model.clock import SystemClock
from evergrant.model.json import Json, at
from evergrant.model.outcome import PermissionDenied

pytestmark = pytest.mark.anyio


async def channel(slack: Agent, name: str) -> dict[str, Json]:
    """A new channel, as an input of other tools."""
    return {"channel": at(await slack.does("slack_create_channel", name=name), "/id")}


async def test_a_message_is_posted_answered_reacted_to_corrected_and_taken_back(slack: Agent) -> None:
    where = await channel(slack, "launch")
    posted = await slack.does("slack_send_message", **where, text="The **report** is ready.")
    ts = at(posted, "/ts")
    assert posted == {**where, "ts": ts}
    given: dict[str, Json] = {"thread_ts": ts, "text": "Seen.", "also_in_channel": True}
    reply = await slack.does("slack_reply_in_thread", **where, **given)
    assert await slack.does("slack_add_reaction", **where, ts=ts, emoji="eyes") == {"ok": True}
    again = await slack.fails("slack_add_reaction", **where, ts=ts, emoji="eyes")
    assert again.provider_code == "already_reacted"

    [first] = rows(await slack.does("slack_read_channel", **where))
    assert pick(first, "ts", "text", "reply_count") == [ts, "The **report** is ready.", 1]
    assert at(first, "/reactions") == [{"emoji": "eyes", "count": 1}]
    thread = rows(await slack.does("slack_read_thread", **where, ts=ts))
    assert [pick(row, "ts", "text", "thread_ts") for row in thread] == [
        [ts, "The **report** is ready.", None],
        [at(reply, "/ts"), "Seen.", ts],
    ]

    await slack.does("slack_update_message", **where, ts=ts, text="The report is ready (corrected).")
    await slack.does("slack_delete_message", **where, ts=at(reply, "/ts"))
    [left] = rows(await slack.does("slack_read_thread", **where, ts=ts))
    assert at(left, "/text") == "The report is ready (corrected)."
    gone = await slack.fails("slack_delete_message", **where, ts=at(reply, "/ts"))
    assert gone.provider_code == "message_not_found"


async def test_a_channel_is_made_filled_and_read_page_by_page(slack: Agent) -> None:
    where = await channel(slack, "project-x")
    ben = await slack.does("slack_find_user_by_email", email="ben@acme.example")
    assert pick(ben, "name", "real_name", "title", "is_bot") == ["ben", "Ben Ito", "Buyer", False]
    invited = await slack.does("slack_invite_to_channel", **where, user_ids=[at(ben, "/id")])
    assert invited == {"id": where["channel"], "name": "project-x", "is_private": False}
    members = rows(await slack.does("slack_list_channel_members", **where))
    assert [at(row, "/name") for row in members] == ["evergrant", "ben"]
    about = await slack.does("slack_get_channel", **where)
    assert pick(about, "name", "members", "is_member") == ["project-x", 2, True]
    assert pick(about, "creator", "is_archived") == [at(members[0], "/id"), False]

    for number in range(1, 6):
        await slack.does("slack_send_message", **where, text=f"Note {number}")
    first = await slack.does("slack_read_channel", **where, limit=2)
    rest = await slack.does("slack_read_channel", **where, cursor=at(first, "/next_cursor"))
    texts = [at(row, "/text") for page in (first, rest) for row in rows(page)]
    assert texts == [f"Note {number}" for number in range(5, 0, -1)]
    taken = await slack.fails("slack_create_channel", name="project-x")
    assert taken.provider_code == "name_taken"


async def test_people_and_channels_are_looked_up(slack: Agent) -> None:
    people = {at(row, "/name"): row for row in rows(await slack.does("slack_list_users"))}
    assert pick(people["ben"], "real_name", "email", "is_bot") == ["Ben Ito", "ben@acme.example", False]
    assert at(people["evergrant"], "/is_bot") is True
    one = await slack.does("slack_get_user", user_id=at(people["ben"], "/id"))
    assert pick(one, "display_name", "email", "deactivated") == ["ben", "ben@acme.example", False]
    path: dict[str, Json] = {"path": "/users.getPresence", "query": {"user": at(one, "/id")}}
    assert at(await slack.does("slack_request", **path), "/presence") == "active"

    first = await slack.does("slack_list_channels", limit=1)
    rest = await slack.does("slack_list_channels", cursor=at(first, "/next_cursor"))
    names = [at(row, "/name") for page in (first, rest) for row in rows(page)]
    assert names[:2] == ["general", "random"]
    secret = await slack.does("slack_create_channel", name="secret", is_private=True)
    [found] = rows(await slack.does("slack_list_channels", types="private_channel"))
    assert pick(found, "id", "is_private", "is_member") == [at(secret, "/id"), True, True]


async def test_a_person_is_written_to_and_a_message_is_for_later(slack: Agent) -> None:
    sent = await slack.does("slack_send_dm", email="ben@acme.example", text="Your report is ready.")
    ben = at(await slack.does("slack_find_user_by_email", email="ben@acme.example"), "/id")
    again = await slack.does("slack_send_dm", user_ids=[ben], text="Really.")
    assert at(again, "/channel") == at(sent, "/channel")
    read = rows(await slack.does("slack_read_channel", channel=at(sent, "/channel")))
    assert [at(row, "/text") for row in read] == ["Really.", "Your report is ready."]
    nobody = await slack.fails("slack_send_dm", email="nobody@acme.example", text="Hello?")
    assert nobody.provider_code == "users_not_found"

    where = await channel(slack, "later")
    # The emulator's clock is the machine's, whatever that of the app says.
    tomorrow = (SystemClock().now() + timedelta(days=1)).replace(microsecond=0)
    given: dict[str, Json] = {**where, "text": "Stand-up"}
    planned = await slack.does("slack_schedule_message", **given, send_at=tomorrow.isoformat())
    assert pick(planned, "channel", "send_at") == [where["channel"], tomorrow.strftime("%Y-%m-%dT%H:%M:%SZ")]
    assert at(planned, "/scheduled_message_id")
    assert rows(await slack.does("slack_read_channel", **where)) == []
    too_far = await slack.fails("slack_schedule_message", **given, send_at="2099-11-27T09:00:00+01:00")
    assert too_far.provider_code == "time_too_far"


async def test_a_file_is_shared_and_read(slack: Agent) -> None:
    where = await channel(slack, "files")
    given: dict[str, Json] = {"name": "report.csv", "content": "Größe,1\n", "comment": "The table."}
    [made] = rows(await slack.does("slack_upload_file", **where, **given))
    assert at(made, "/title") == "report.csv"
    [shown] = rows(await slack.does("slack_read_channel", **where))
    assert pick(shown, "text", "files/0/id", "files/0/name") == ["The table.", at(made, "/id"), "report.csv"]
    file = await slack.does("slack_read_file", file_id=at(made, "/id"))
    assert pick(file, "name", "size", "base64") == ["report.csv", 10, "R3LDtsOfZSwxCg=="]

    # The emulator has no canvases; read as one, a page is one.
    page: dict[str, Json] = {"name": "plan.html", "content": "<h1>Plan</h1><p>Now.</p>"}
    [made] = rows(await slack.does("slack_upload_file", **where, **page))
    canvas = await slack.does("slack_read_canvas", canvas_id=at(made, "/id"))
    assert pick(canvas, "title", "text") == ["plan.html", "# Plan\n\nNow."]
    gone = await slack.fails("slack_read_file", file_id="F0NONE")
    assert gone.provider_code == "file_not_found"


async def test_where_the_bot_may_not_post_it_is_said(slack: Agent) -> None:
    for tool in ("slack_send_message", "slack_read_channel", "slack_get_channel"):
        given = {"text": "Hello?"} if tool == "slack_send_message" else {}
        failure = await slack.fails(tool, channel="C0NONE", **given)
        assert isinstance(failure, PermissionDenied)
        assert failure.provider_code == "channel_not_found"
