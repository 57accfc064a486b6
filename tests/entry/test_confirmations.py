"""A call that must be approved, over MCP: whatever its client can do, a person decides, and it runs once or never."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp.client.context import ClientRequestContext
from mcp.client.session import ClientSession
from mcp.types import (
    INVALID_REQUEST,
    ClientCapabilities,
    ElicitationCapability,
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
    UrlElicitationCapability,
)
from tests.entry.approver import Approver
from tests.entry.modern import modern
from tests.entry.person import Person
from tests.entry.reading import said
from tests.entry.wires import Host, http_server, over_memory, reach
from tests.fakes.practice import Practice, surroundings
from tests.fakes.reconnect import reconnect
from tests.fakes.tasks_client import TaskMade, ask
from tests.service.approving import DELETE, ONE, contacts

from evergrant.app import open_app
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.pending import Pending
from evergrant.entry.mcp.questions import MOST_SHOWN, asked
from evergrant.model.account import ConnectedAccount
from evergrant.model.principal import Principal
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
NOWHERE = Path()
NEW = "2026-07-28"
CALL = {"connected_account_id": "acme", "tool_name": DELETE, "tool_input": ONE}
WAYS = [
    *((wire, era, "forms", DELETE) for wire in ("memory", "http") for era in (NEW, "legacy")),
    ("pump", "legacy", "forms", DELETE),
    *((wire, NEW, "tasks", DELETE) for wire in ("memory", "http")),
    *(("memory", era, "forms", "execute_tool") for era in (NEW, "legacy")),
]
ASKED = [("legacy", "forms"), (NEW, "forms"), (NEW, "tasks")]
URLS: Mapping[str, object] = {"elicitation": {"url": {}}}


def is_deleted(world: Practice) -> bool:
    return "con_00000001" not in contacts(world)


@pytest.mark.parametrize("way", WAYS, ids="-".join)
async def test_a_person_who_says_yes_at_their_client_has_it_run_once_in_the_same_request(
    holding: Parts, world: Practice, account: ConnectedAccount, tmp_path: Path, way: tuple[str, str, str, str]
) -> None:
    wire, era, can, tool = way
    person = Approver(world)

    async with reach(holding, tmp_path, (wire, era), person.host(tasks=can == "tasks")) as client:
        result = await client.call_tool(tool, CALL if tool == "execute_tool" else ONE)

    assert not result.is_error, said(result)
    assert is_deleted(world)
    assert world.sandbox.count.writes == 1
    (form,) = person.forms
    for told in ("anna@example.test (acme) would destroy data", DELETE, '"contact_id": "con_00000001"'):
        assert told in form
    assert person.links == []
    (ended,) = world.app.held_calls.listed(LOCAL_TENANT, ended=True)
    assert (ended.approval, ended.decided_by) == ("given", "local, asked by its client")


@pytest.mark.parametrize(
    "way",
    [
        *((*way, "decline", "") for way in ASKED),
        (NEW, "forms", "cancel", ""),
        (NEW, "forms", "accept", "refuse"),
        (NEW, "tasks", "accept", ""),
    ],
    ids="-".join,
)
async def test_a_person_who_does_not_say_yes_has_refused_it_for_good(
    holding: Parts, world: Practice, account: ConnectedAccount, way: tuple[str, str, str, str]
) -> None:
    era, can, action, decision = way
    person = Approver(world, action, decision)

    async with over_memory(holding, NOWHERE, era, host=person.host(tasks=can == "tasks")) as client:
        result = await client.call_tool(DELETE, ONE)
        again = await client.call_tool("resume_call", {"call_id": result.structured_content["call_id"]})

    for each in (result, again):
        assert each.is_error
        assert each.structured_content["code"] == "call_cancelled"
        assert "refused" in said(each)
    assert len(person.forms) == 1
    assert world.sandbox.count.writes == 0


@pytest.mark.parametrize("way", ASKED, ids="-".join)
async def test_a_no_that_came_faster_than_any_person_is_the_clients_own_and_leaves_the_link(
    holding: Parts, world: Practice, account: ConnectedAccount, way: tuple[str, str]
) -> None:
    era, can = way
    person = Approver(world, "decline", "", reads_s=0)

    async with over_memory(holding, NOWHERE, era, host=person.host(tasks=can == "tasks")) as client:
        result = await client.call_tool(DELETE, ONE)
    await person.approve_elsewhere()
    async with over_memory(holding, NOWHERE, era) as client:
        done = await client.call_tool("resume_call", {"call_id": result.structured_content["call_id"]})

    assert result.structured_content["code"] == "confirmation_required"
    assert result.structured_content["approval_url"] in said(result)
    assert not done.is_error
    assert world.sandbox.count.writes == 1


@pytest.mark.parametrize("way", ASKED, ids="-".join)
async def test_a_yes_is_the_clients_word_however_fast_it_came(
    holding: Parts, world: Practice, account: ConnectedAccount, way: tuple[str, str]
) -> None:
    era, can = way
    person = Approver(world, reads_s=0)

    async with over_memory(holding, NOWHERE, era, host=person.host(tasks=can == "tasks")) as client:
        result = await client.call_tool(DELETE, ONE)

    assert not result.is_error, said(result)
    assert world.sandbox.count.writes == 1


@pytest.mark.parametrize("era", ["legacy", NEW])
async def test_a_client_that_asks_nobody_is_given_the_link_at_once_and_resumes(
    holding: Parts, world: Practice, account: ConnectedAccount, era: str
) -> None:
    async with over_memory(holding, NOWHERE, era) as client:
        asked = await client.call_tool(DELETE, ONE)
        call = {"call_id": asked.structured_content["call_id"]}
        early = await client.call_tool("resume_call", call)
        await Approver(world).approve_elsewhere()
        done = await client.call_tool("resume_call", call)
        again = await client.call_tool("resume_call", call)

    for each in (asked, early):
        assert each.is_error
        assert each.structured_content["code"] == "confirmation_required"
        for name in ("approval_url", "confirmation_code", "call_id"):
            assert each.structured_content[name] in said(each)
        assert "con_00000001" not in said(each)
    assert early.structured_content["call_id"] == asked.structured_content["call_id"]
    assert not done.is_error
    assert again == done
    assert world.sandbox.count.writes == 1


async def test_a_client_that_cannot_ask_after_all_is_given_the_link(
    holding: Parts, world: Practice, account: ConnectedAccount
) -> None:
    async with over_memory(holding, NOWHERE, "legacy", host=Host(elicit=_cannot)) as client:
        result = await client.call_tool(DELETE, ONE)

    assert result.structured_content["code"] == "confirmation_required"
    assert result.structured_content["approval_url"] in said(result)


async def test_a_client_with_addresses_alone_is_asked_to_open_the_link_and_held(
    parts: Parts, world: Practice, account: ConnectedAccount
) -> None:
    call = {"name": DELETE, "arguments": ONE}
    async with http_server(parts) as url, httpx2.AsyncClient() as http:
        first = (await http.post(f"{url}/mcp", **modern("tools/call", call, DELETE, URLS))).json()["result"]
        question = first["inputRequests"]["approve"]
        opened = {**call, "requestState": first["requestState"], "inputResponses": {"approve": {"action": "accept"}}}
        held = (await http.post(f"{url}/mcp", **modern("tools/call", opened, DELETE, URLS))).json()["result"]
        await Approver(world).approve_elsewhere()
        again = {**call, "requestState": held["requestState"]}
        done = (await http.post(f"{url}/mcp", **modern("tools/call", again, DELETE, URLS))).json()["result"]

    assert question["params"]["mode"] == "url"
    assert "/approve/" in question["params"]["url"]
    assert question["params"]["url"] in question["params"]["message"]
    assert (held["resultType"], "inputRequests" in held) == ("input_required", False)
    assert "isError" not in done or not done["isError"]
    assert world.sandbox.count.writes == 1


@pytest.mark.parametrize("can", [{"elicitation": {}}, {"elicitation": {"form": {}}}])
async def test_a_yes_to_a_link_is_no_approval(
    parts: Parts, world: Practice, account: ConnectedAccount, can: Mapping[str, object]
) -> None:
    call = {"name": DELETE, "arguments": ONE}
    async with http_server(parts) as url, httpx2.AsyncClient() as http:
        first = (await http.post(f"{url}/mcp", **modern("tools/call", call, DELETE, can))).json()["result"]
        linked = (await http.post(f"{url}/mcp", **modern("tools/call", call, DELETE, URLS))).json()["result"]
        yes = {"approve": {"action": "accept", "content": {"decision": "approve"}}}
        forged = {**call, "requestState": linked["requestState"], "inputResponses": yes}
        held = (await http.post(f"{url}/mcp", **modern("tools/call", forged, DELETE, can))).json()["result"]

    assert first["inputRequests"]["approve"]["params"]["mode"] == "form"
    assert held["resultType"] == "input_required"
    assert world.sandbox.count.writes == 0


async def test_the_state_of_a_round_approves_no_other_arguments(
    parts: Parts, world: Practice, account: ConnectedAccount
) -> None:
    can: Mapping[str, object] = {"elicitation": {"form": {}}}
    call, other = ({"name": DELETE, "arguments": {"contact_id": f"con_0000000{number}"}} for number in (1, 2))
    async with http_server(parts) as url, httpx2.AsyncClient() as http:
        first = (await http.post(f"{url}/mcp", **modern("tools/call", call, DELETE, can))).json()["result"]
        yes = {"approve": {"action": "accept", "content": {"decision": "approve"}}}
        turned = {**other, "requestState": first["requestState"], "inputResponses": yes}
        refused = await http.post(f"{url}/mcp", **modern("tools/call", turned, DELETE, can))

    assert "error" in refused.json()
    assert world.sandbox.count.writes == 0
    assert "con_00000001" not in first["requestState"]


@pytest.mark.parametrize("era", ["legacy", NEW])
async def test_a_grant_that_died_before_the_approval_is_asked_for_after_it_in_the_same_request(
    holding: Parts, world: Practice, account: ConnectedAccount, era: str
) -> None:
    approver, owner = Approver(world), Person(world, account)
    world.sandbox.revoke()

    async def elicit(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        answering = approver.host().elicit if params.mode == "form" else owner.elicit
        assert answering
        answer = await answering(context, params)
        assert isinstance(answer, ElicitResult)
        return answer

    async with over_memory(holding, NOWHERE, era, host=Host(elicit=elicit)) as client:
        result = await client.call_tool(DELETE, ONE)

    assert not result.is_error, said(result)
    assert (len(approver.forms), len(owner.links)) == (1, 1)
    assert world.sandbox.count.writes == 1


async def test_a_task_that_waits_for_an_approval_outlives_the_server_and_the_grant(
    parts: Parts, world: Practice, account: ConnectedAccount
) -> None:
    person = Approver(world)
    yes = ElicitResult(action="accept", content={"decision": "approve"})
    async with over_memory(parts, NOWHERE, NEW, host=person.host(tasks=True)) as client:
        made = await client.session.call_tool(DELETE, ONE, allow_claimed=True)
        assert isinstance(made, TaskMade)
    async with (
        open_app(world.app.settings, surroundings(world.clock)) as app,
        over_memory(replace(parts, calls=app.held_calls), NOWHERE, NEW, host=person.host(tasks=True)) as client,
    ):
        asked = await ask(client.session, "get", made.task_id)
        await ask(client.session, "update", made.task_id, {"reauth": "accept"})
        world.sandbox.revoke()
        await ask(client.session, "update", made.task_id, {"approve": yes})
        dead = await ask(client.session, "get", made.task_id)
        await reconnect(world.app, account)
        done = await ask(client.session, "get", made.task_id)

    assert [task.status for task in (asked, dead, done)] == ["input_required", "input_required", "completed"]
    assert [list(task.input_requests or {}) for task in (asked, dead)] == [["approve"], ["reauth"]]
    assert done.result
    assert not done.result.is_error
    assert world.sandbox.count.writes == 1


async def test_a_form_says_how_much_of_a_call_it_does_not_show_and_where_all_of_it_is(
    holding: Parts, world: Practice, account: ConnectedAccount
) -> None:
    who = holding.standing(Principal(LOCAL_TENANT, policy="confirm_writes"))
    outcome = await who.execute("acme", "sandbox_append_row", {"row": ["x" * 10_000]})
    pending = Pending.of(who, outcome)
    assert pending is not None
    form = asked(pending)

    assert len(form) < MOST_SHOWN + 2000
    assert "characters more" in form
    assert pending.link in form


async def test_a_resumed_call_that_is_undecided_is_asked_about_again(
    holding: Parts, world: Practice, account: ConnectedAccount
) -> None:
    person = Approver(world)
    async with over_memory(holding, NOWHERE, NEW) as client:
        asked = await client.call_tool(DELETE, ONE)
    async with over_memory(holding, NOWHERE, NEW, host=person.host()) as client:
        done = await client.call_tool("resume_call", {"call_id": asked.structured_content["call_id"]})

    assert not done.is_error, said(done)
    assert len(person.forms) == 1
    assert is_deleted(world)


async def _cannot(context: ClientRequestContext, params: ElicitRequestParams) -> ErrorData:
    return ErrorData(code=INVALID_REQUEST, message="Elicitation not supported")


@pytest.mark.parametrize("way", [*ASKED, ("legacy", "nothing")], ids="-".join)
async def test_where_the_operator_decides_no_client_is_asked(
    holding: Parts, world: Practice, account: ConnectedAccount, way: tuple[str, str]
) -> None:
    era, can = way
    person = Approver(world)
    calls = replace(holding.calls, approvals=replace(holding.calls.approvals, by_operator=True))
    host = person.host(tasks=can == "tasks") if can != "nothing" else Host()

    async with over_memory(replace(holding, calls=calls), NOWHERE, era, host=host) as client:
        if can == "tasks":
            made = await client.session.call_tool(DELETE, ONE, allow_claimed=True)
            assert isinstance(made, TaskMade)
            yes = ElicitResult(action="accept", content={"decision": "approve"})
            await ask(client.session, "update", made.task_id, {"approve": yes})
            seen = await ask(client.session, "get", made.task_id)
            assert (seen.status, seen.input_requests) == ("working", None)
            await person.approve_elsewhere()
            done = (await ask(client.session, "get", made.task_id)).result
        else:
            asked = await client.call_tool(DELETE, ONE)
            assert asked.structured_content["code"] == "confirmation_required"
            await person.approve_elsewhere()
            done = await client.call_tool("resume_call", {"call_id": asked.structured_content["call_id"]})

    assert done
    assert not done.is_error
    assert person.forms == person.links == []
    assert world.sandbox.count.writes == 1


@pytest.fixture
def urls_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's client declares both kinds of questions; others show addresses only."""
    declare = vars(ClientSession)["_build_capabilities"]

    def declared(session: ClientSession, version: str) -> ClientCapabilities:
        found: ClientCapabilities = declare(session, version)
        return found.model_copy(update={"elicitation": ElicitationCapability(url=UrlElicitationCapability())})

    monkeypatch.setattr(ClientSession, "_build_capabilities", declared)


@pytest.mark.usefixtures("urls_alone")
async def test_in_the_handshake_era_a_client_with_addresses_alone_is_held_until_the_link_was_used(
    holding: Parts, world: Practice, account: ConnectedAccount
) -> None:
    person = Approver(world)

    async with over_memory(holding, NOWHERE, "legacy", host=person.host()) as client:
        result = await client.call_tool(DELETE, ONE)

    assert not result.is_error, said(result)
    assert (len(person.links), person.forms) == (1, [])
    assert "/approve/" in person.links[0]


@pytest.mark.usefixtures("urls_alone")
async def test_a_client_that_declines_every_address_at_once_is_given_the_link_and_the_call_stays(
    holding: Parts, world: Practice, account: ConnectedAccount
) -> None:
    async with over_memory(holding, NOWHERE, "legacy", host=Host(elicit=_decline)) as client:
        result = await client.call_tool(DELETE, ONE)

    assert result.structured_content["code"] == "confirmation_required"
    (call,) = world.app.held_calls.listed(LOCAL_TENANT)
    assert call.approval == "wanted"


async def test_a_person_who_leaves_the_form_open_is_waited_for_only_so_long(
    parts: Parts, world: Practice, account: ConnectedAccount
) -> None:
    async def stare(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        await anyio.sleep_forever()
        raise AssertionError

    start = world.clock.monotonic()
    async with over_memory(replace(parts, hold_s=2), NOWHERE, "legacy", host=Host(elicit=stare)) as client:
        result = await client.call_tool(DELETE, ONE)

    assert result.structured_content["code"] == "confirmation_required"
    assert world.clock.monotonic() - start == pytest.approx(2)
    assert world.sandbox.count.writes == 0


async def _decline(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    return ElicitResult(action="decline")
