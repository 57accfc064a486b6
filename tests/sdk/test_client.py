"""The client against the real API: results, a dead grant and its end, events, tools."""

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import cast

import pytest
from tests.fakes.clock import ManualClock
from tests.fakes.person import person
from tests.fakes.practice import START, Practice
from tests.fakes.sdk import client_of, reconnect
from tests.service.approving import DELETE, ONE
from typing_extensions import override

import evergrant
from evergrant import Evergrant
from evergrant.model.account import AccountKey, ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.model.link import Link
from evergrant.sdk.errors import (
    CallCancelled,
    ConfirmationRequired,
    InvalidInput,
    NotFound,
    ReauthRequired,
    Unauthorized,
)
from evergrant.surface import consents

pytestmark = pytest.mark.anyio
SERVERS = {"mcp", "sqlalchemy", "sqlmodel", "starlette", "uvicorn", "apscheduler", "cryptography", "typer"}


async def append(client: Evergrant, account: ConnectedAccount, cell: str) -> object:
    result = await client.execute_tool(
        connected_account_id=account.id, tool_name="sandbox_append_row", tool_input={"row": [cell]}
    )
    return result.content


async def test_a_result_comes_back_as_the_account_that_was_named(world: Practice, client: Evergrant) -> None:
    account = await world.connect()
    result = await client.execute_tool(
        connected_account_id="acme", tool_name="sandbox_search_contacts", tool_input={"query": "nobody"}
    )
    assert (result.account, result.label, result.empty) == (account.id, account.label, True)
    assert result.note == f"The query ran as {account.label} and matched nothing."
    assert (result.data, result.text) == (result.content, json.dumps(result.as_json()))


async def test_a_dead_grant_is_an_error_with_all_that_its_person_needs(world: Practice, client: Evergrant) -> None:
    account = await world.connect()
    world.sandbox.revoke()
    with pytest.raises(ReauthRequired) as raised:
        await append(client, account, "once")
    error = raised.value
    assert (error.code, error.account, error.cause, error.retryable) == (
        "reauth_required",
        account.id,
        "revoked",
        False,
    )
    assert error.reauth_url
    assert error.what_happened in str(error)
    assert error.what_to_do in str(error)
    assert error.call_id


async def test_a_kept_call_goes_on_once_after_the_reconnect(world: Practice, client: Evergrant) -> None:
    account = await world.connect()
    world.sandbox.revoke()
    with pytest.raises(ReauthRequired) as raised:
        await append(client, account, "once")
    call_id = raised.value.call_id or ""
    with pytest.raises(ReauthRequired) as still:
        await client.resume_call(call_id)
    assert still.value.call_id == call_id
    await reconnect(world, account)
    results = [await client.resume_call(call_id), await client.resume_call(call_id)]
    assert results[0] == results[1]
    assert world.sandbox.book("anna").rows == [["once"]]


async def test_a_call_that_must_be_approved_goes_on_once_when_it_is(world: Practice, client: Evergrant) -> None:
    account = await world.connect()
    with pytest.raises(ConfirmationRequired) as raised:
        await client.execute_tool(connected_account_id=account.id, tool_name=DELETE, tool_input=ONE)
    call_id = raised.value.call_id or ""
    with pytest.raises(ConfirmationRequired) as still:
        await client.resume_call(call_id, wait_s=60)
    assert (still.value.call_id, (await client.get_call(call_id)).approval) == (call_id, "wanted")
    assert "/approve/" in (still.value.url or "")
    await world.app.held_calls.approvals.approve(account.tenant_id, call_id, "Ada")
    results = [await client.resume_call(call_id, wait_s=60), await client.resume_call(call_id)]
    assert results[0] == results[1]
    assert (await client.get_call(call_id)).approval == "given"
    assert world.sandbox.count.writes == 1


async def test_kept_calls_can_be_seen_and_given_up(world: Practice, client: Evergrant) -> None:
    account = await world.connect()
    world.sandbox.revoke()
    with pytest.raises(ReauthRequired) as raised:
        await append(client, account, "never")
    (kept,) = await client.list_calls(connected_account_id="acme")
    assert (kept.id, kept.connected_account_id, kept.status) == (raised.value.call_id, account.id, "waiting")
    assert kept.created_at < kept.expires_at
    assert (await client.get_call(kept.id)).tool_input == {"row": ["never"]}
    await client.cancel_call(kept.id)
    assert await client.list_calls() == []
    (ended,) = await client.list_calls(ended=True)
    assert ended.status == "cancelled"
    with pytest.raises(CallCancelled):
        await client.resume_call(kept.id)


async def test_a_link_connects_an_account_and_another_reconnects_it(world: Practice, client: Evergrant) -> None:
    site = person(consents(world.app))
    link = await client.connect_link(connector="sandbox", alias="acme", values={"origin": world.url})
    with pytest.raises(TimeoutError, match="acme"):
        await client.wait_for_account("acme", wait_s=3)
    await site.connects(Link(link.url, link.confirmation_code))
    account = await client.wait_for_account("acme")
    assert (account.alias, link.purpose, link.connected_account_id) == ("acme", "connect", None)
    again = await client.reconnect_link(connected_account_id=account.id)
    assert (again.purpose, again.connected_account_id) == ("reauth", account.id)
    await site.connects(Link(again.url, again.confirmation_code))
    assert world.app.accounts.consents(AccountKey("tnt_local", account.id)) == 2


async def test_accounts_tell_how_they_stand(world: Practice, client: Evergrant) -> None:
    anna = await world.connect("acme", "anna")
    world.clock.advance(1)  # ids of one moment have no order
    maya = await world.connect("globex", "maya")
    world.sandbox.revoke(user="maya")
    with pytest.raises(ReauthRequired):
        await append(client, maya, "x")
    assert [each.id for each in await client.list_accounts()] == [anna.id, maya.id]
    (dead,) = await client.list_accounts(connector="sandbox", state="reauth_required")
    assert (dead.alias, dead.identity, dead.cause, dead.is_ready) == ("globex", "maya@example.test", "revoked", False)
    assert (await client.get_account("acme")).is_ready
    with pytest.raises(NotFound):
        await client.get_account("nobody")


async def test_words_find_tools_and_who_has_them(world: Practice, client: Evergrant) -> None:
    account = await world.connect()
    found = await client.search_tools("append a row", connector="sandbox", limit=3)
    assert (found[0].name, found[0].effect, found[0].account_ids) == ("sandbox_append_row", "write", (account.id,))


async def test_events_come_in_their_order_and_none_twice(world: Practice, client: Evergrant) -> None:
    account = await world.connect()
    world.sandbox.revoke()
    with pytest.raises(ReauthRequired):
        await append(client, account, "x")
    seen = [(event.seq, event.type) async for event in client.events()]
    assert seen == [(1, "agent.auth.reauth_required")]
    await reconnect(world, account)
    following = client.events(after=1, follow=True)
    event = await anext(following)
    assert (event.seq, event.type, event.account) == (2, "agent.auth.reauth_completed", account.id)


class Eventful(ManualClock):
    """Something happens while it is waited on."""

    def __init__(self, happen: Callable[[], Awaitable[object]]) -> None:
        super().__init__(START)
        self._happen = happen

    @override
    async def sleep(self, seconds: float) -> None:
        await self._happen()


async def test_events_to_come_are_waited_for(world: Practice) -> None:
    account = await world.connect()
    world.sandbox.revoke()
    async with client_of(world, Eventful(lambda: world.search(account))) as client:
        event = await anext(client.events(follow=True))
    assert (event.type, event.account) == ("agent.auth.reauth_required", account.id)


async def test_an_account_tells_its_tools_and_their_effects(world: Practice, client: Evergrant) -> None:
    await world.connect()
    tools = {str(tool["name"]): tool for tool in await client.get_tools(connected_account_id="acme")}
    assert len(tools) == 7
    assert tools["sandbox_delete_contact"]["annotations"] == {
        "readOnlyHint": False,
        "destructiveHint": True,
        "idempotentHint": True,
        "openWorldHint": True,
    }


@pytest.fixture
def own_toolset(world: Practice) -> None:
    world.app.settings.toolsets_file.write_text("rows: {tools: [sandbox_*_row*]}\n", encoding="utf-8")


@pytest.mark.usefixtures("own_toolset")
async def test_tools_are_narrowed_to_a_toolset_or_to_names(world: Practice, client: Evergrant) -> None:
    await world.connect()
    read = await client.get_tools(connected_account_id="acme", toolset="read", format="anthropic")
    assert [tool["name"] for tool in read] == ["sandbox_search_contacts", "sandbox_get_contact", "sandbox_list_rows"]
    named = await client.get_tools(connected_account_id="acme", tool_names=["sandbox_append_row"])
    assert [tool["name"] for tool in named] == ["sandbox_append_row"]
    with pytest.raises(NotFound, match="It has: sandbox, read, all, rows"):
        await client.get_tools(connected_account_id="acme", toolset="crm")
    own = await client.get_tools(connected_account_id="acme", toolset="rows")
    assert [tool["name"] for tool in own] == ["sandbox_append_row", "sandbox_list_rows"]


async def test_an_account_that_is_not_there_has_no_tools(client: Evergrant) -> None:
    with pytest.raises(NotFound):
        await client.get_tools(connected_account_id="nobody")


async def test_a_wrong_input_says_where(world: Practice, client: Evergrant) -> None:
    await world.connect()
    with pytest.raises(InvalidInput) as raised:
        await client.execute_tool(connected_account_id="acme", tool_name="sandbox_append_row", tool_input={"row": 1})
    assert raised.value.pointer == "/row"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {1, 2}, b"x"])
async def test_what_json_has_no_form_for_is_a_wrong_input_and_is_not_sent(client: Evergrant, value: object) -> None:
    given = cast("JsonObject", {"row": [value]})
    with pytest.raises(InvalidInput, match="nothing was sent"):
        await client.execute_tool(connected_account_id="acme", tool_name="x", tool_input=given)


def test_without_a_token_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVERGRANT_TOKEN", raising=False)
    with pytest.raises(Unauthorized, match="EVERGRANT_TOKEN"):
        Evergrant()


@pytest.mark.parametrize("token", ["evgk_secret\n", "evgk_s\u00e9cret", "evgk secret", ""])
def test_a_token_that_no_header_can_carry_is_refused_before_anything_is_sent(token: str) -> None:
    """Else the line break of a file that it was read from becomes a write that may have been carried out."""
    with pytest.raises(Unauthorized, match="EVERGRANT_TOKEN") as raised:
        Evergrant(token=token)
    assert "cret" not in f"{raised.value!r}"


def test_the_package_costs_nothing_until_the_client_is_asked_for() -> None:
    code = f"""
import sys, evergrant
assert "httpx2" not in sys.modules
evergrant.Evergrant(token="x"), evergrant.EvergrantSync(token="x").close(), evergrant.ReauthRequired
assert not {SERVERS} & sys.modules.keys(), {SERVERS} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_name_that_the_package_has_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Evergreen"):
        evergrant.Evergreen  # noqa: B018
    assert {name for name in evergrant.__all__ if getattr(evergrant, name)} == set(evergrant.__all__)
