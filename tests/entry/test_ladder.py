"""A call that meets a dead grant: whatever its client can do, its person reconnects and the call goes on, once."""

import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import anyio.to_thread
import httpx2
import pytest
import structlog
from mcp.client.context import ClientRequestContext
from mcp.types import INVALID_REQUEST, ElicitRequestParams, ElicitResult, ErrorData
from tests.entry.modern import modern
from tests.entry.person import Person
from tests.entry.reading import said
from tests.entry.wires import Host, http_server, over_memory, reach
from tests.fakes.clock import ManualClock
from tests.fakes.practice import START, Practice, practice, sandbox
from tests.fakes.reconnect import reconnect
from typing_extensions import override

from evergrant.entry.mcp.handover import Handover
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.pending import Pending
from evergrant.entry.mcp.waiting import STEP_S
from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import ReauthRequired
from evergrant.model.principal import Principal
from evergrant.parts import mcp_parts
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
NOWHERE = Path()
WRITE, ROW = "sandbox_append_row", {"row": ["the", "only", "one"]}
NEW = "2026-07-28"
FORMS_ALONE: list[dict[str, object]] = [{}, {"elicitation": {}}, {"elicitation": {"form": {}}}]
WAYS = [
    *((wire, NEW, "tasks") for wire in ("memory", "http", "pump")),
    *((wire, era, "urls") for wire in ("memory", "http") for era in (NEW, "legacy")),
    ("pump", "legacy", "urls"),
    *((wire, era, "nothing") for wire in ("memory", "http") for era in (NEW, "legacy")),
    ("pump", "legacy", "nothing"),
]


def rows(world: Practice) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in world.sandbox.book("anna").rows]


@pytest.mark.parametrize("way", WAYS, ids="-".join)
async def test_the_paused_write_gives_its_real_result_in_the_same_request_and_is_done_once(
    holding: Parts, world: Practice, account: ConnectedAccount, tmp_path: Path, way: tuple[str, str, str]
) -> None:
    wire, era, can = way
    world.sandbox.revoke()
    person = Person(world, account)
    hosts = {"tasks": Host(extensions=[person.tasks()]), "urls": person.host, "nothing": Host()}
    listen = person.progress if can == "nothing" else None

    async with reach(holding, tmp_path, (wire, era), hosts[can]) as client:
        before = [tool.name for tool in (await client.list_tools()).tools]
        result = await client.call_tool(WRITE, ROW, progress_callback=listen)
        after = [tool.name for tool in (await client.list_tools()).tools]

    assert not result.is_error, said(result)
    assert result.structured_content["account"] == account.id
    assert rows(world) == [ROW["row"]]
    assert world.sandbox.count.writes == 1
    assert len(person.links) == 1
    assert before == after


@pytest.mark.parametrize("era", ["legacy", NEW])
async def test_without_time_to_wait_the_failure_says_how_to_go_on_and_the_call_can_be_resumed(
    parts: Parts, world: Practice, account: ConnectedAccount, era: str
) -> None:
    world.sandbox.revoke()

    async with over_memory(parts, NOWHERE, era) as client:
        failed = await client.call_tool(WRITE, ROW)
        call_id = failed.structured_content["call_id"]
        still = await client.call_tool("resume_call", {"call_id": call_id})
        await reconnect(world.app, account)
        done = await client.call_tool("resume_call", {"call_id": call_id})
        again = await client.call_tool("resume_call", {"call_id": call_id})

    for failure in (failed, still):
        assert failure.is_error
        assert failure.structured_content["code"] == "reauth_required"
        assert failure.structured_content["account"] == account.id
        assert failure.structured_content["reauth_url"] in said(failure)
        assert call_id in failure.structured_content["what_to_do"]
        assert "resume_call" in failure.structured_content["what_to_do"]
    assert still.structured_content["call_id"] == call_id
    assert not done.is_error
    assert again == done
    assert rows(world) == [ROW["row"]]


@pytest.mark.parametrize("can", ["tasks", "urls", "nothing"])
async def test_a_resumed_call_whose_grant_is_still_dead_climbs_the_ladder_again(
    holding: Parts, parts: Parts, world: Practice, account: ConnectedAccount, can: str
) -> None:
    world.sandbox.revoke()
    person = Person(world, account)
    hosts = {"tasks": Host(extensions=[person.tasks()]), "urls": person.host, "nothing": Host()}

    async with over_memory(parts, NOWHERE, NEW) as client:
        failed = await client.call_tool(WRITE, ROW)
    async with over_memory(holding, NOWHERE, NEW, host=hosts[can]) as client:
        listen = person.progress if can == "nothing" else None
        result = await client.call_tool(
            "resume_call", {"call_id": failed.structured_content["call_id"]}, progress_callback=listen
        )

    assert not result.is_error, said(result)
    assert rows(world) == [ROW["row"]]


@pytest.mark.parametrize(
    "way", [("legacy", "urls", "decline"), (NEW, "urls", "cancel"), (NEW, "tasks", "decline")], ids="-".join
)
async def test_a_person_who_says_no_ends_the_request_and_not_the_call(
    holding: Parts, world: Practice, account: ConnectedAccount, way: tuple[str, str, str]
) -> None:
    era, can, action = way
    world.sandbox.revoke()
    person = Person(world, account, action)
    host = person.host if can == "urls" else Host(extensions=[person.tasks()])

    async with over_memory(holding, NOWHERE, era, host=host) as client:
        failed = await client.call_tool(WRITE, ROW)
        await reconnect(world.app, account)
        done = await client.call_tool("resume_call", {"call_id": failed.structured_content["call_id"]})

    assert failed.is_error
    assert failed.structured_content["code"] == "reauth_required"
    assert "has not agreed" in said(failed)
    assert failed.structured_content["reauth_url"] in said(failed)
    assert not done.is_error
    assert rows(world) == [ROW["row"]]


@pytest.mark.parametrize("way", [("legacy", "urls", 1), (NEW, "urls", 10), (NEW, "nothing", 1)])
async def test_a_person_who_does_nothing_is_waited_for_only_so_long(
    parts: Parts, world: Practice, account: ConnectedAccount, way: tuple[str, str, int]
) -> None:
    era, can, waited = way
    world.sandbox.revoke()
    start = world.clock.monotonic()
    host = Host(elicit=_accept) if can == "urls" else Host()

    async with over_memory(replace(parts, hold_s=2), NOWHERE, era, host=host) as client:
        result = await client.call_tool(WRITE, ROW)

    assert result.structured_content["code"] == "reauth_required"
    assert result.structured_content["call_id"]
    assert world.clock.monotonic() - start == pytest.approx(waited * 2)
    assert rows(world) == []


async def test_signs_of_life_come_at_once_and_steadily_with_the_link(
    parts: Parts, world: Practice, account: ConnectedAccount
) -> None:
    world.sandbox.revoke()
    told: list[tuple[float, float | None, str]] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message or ""))

    async with over_memory(replace(parts, hold_s=12), NOWHERE, NEW) as client:
        result = await client.call_tool(WRITE, ROW, progress_callback=listen)

    assert [(progress, total) for progress, total, _ in told] == [(0, 12), (STEP_S, 12), (2 * STEP_S, 12)]
    assert all(result.structured_content["reauth_url"] in message for _, _, message in told)


@pytest.mark.parametrize("wire", ["memory", "http"])
async def test_a_client_that_cannot_ask_after_all_is_held(
    holding: Parts, world: Practice, account: ConnectedAccount, tmp_path: Path, wire: str
) -> None:
    world.sandbox.revoke()
    person = Person(world, account)

    async with reach(holding, tmp_path, (wire, "legacy"), Host(elicit=_cannot)) as client:
        result = await client.call_tool(WRITE, ROW, progress_callback=person.progress)

    assert not result.is_error, said(result)
    assert rows(world) == [ROW["row"]]


@pytest.mark.parametrize("era", ["legacy", NEW])
async def test_a_refusal_that_came_faster_than_any_person_is_the_clients_own_and_the_call_is_held(
    holding: Parts, world: Practice, account: ConnectedAccount, era: str
) -> None:
    world.sandbox.revoke()
    person = Person(world, account)

    async with over_memory(holding, NOWHERE, era, host=Host(elicit=_decline)) as client:
        result = await client.call_tool(WRITE, ROW, progress_callback=person.progress)
        world.sandbox.revoke()
    async with over_memory(replace(holding, hold_s=0), NOWHERE, era, host=Host(elicit=_decline)) as client:
        failed = await client.call_tool(WRITE, ROW)

    assert not result.is_error, said(result)
    assert failed.structured_content["code"] == "reauth_required"
    assert "has not agreed" not in said(failed)
    assert rows(world) == [ROW["row"]]


async def test_a_client_with_forms_alone_is_not_asked_to_open_an_address(
    parts: Parts, world: Practice, account: ConnectedAccount
) -> None:
    world.sandbox.revoke()
    call = {"name": WRITE, "arguments": ROW}

    async with http_server(parts) as url, httpx2.AsyncClient() as http:
        for can in FORMS_ALONE:
            answer = await http.post(f"{url}/mcp", **modern("tools/call", call, WRITE, can))
            assert answer.json()["result"]["structuredContent"]["code"] == "reauth_required"


async def test_a_client_that_goes_away_leaves_a_write_that_waits_for_somebody(
    holding: Parts, world: Practice, account: ConnectedAccount
) -> None:
    world.sandbox.revoke()
    held, seen = world.app.held_calls, anyio.Event()

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        seen.set()

    async with over_memory(holding, NOWHERE, NEW) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: client.call_tool(WRITE, ROW, progress_callback=listen))
        await seen.wait()
        tasks.cancel_scope.cancel()
    (waiting,) = held.listed(LOCAL_TENANT)
    await reconnect(world.app, account)
    held.runs.begin_due()

    assert rows(world) == []
    async with over_memory(holding, NOWHERE, NEW) as client:
        done = await client.call_tool("resume_call", {"call_id": waiting.id})
    assert not done.is_error
    assert rows(world) == [ROW["row"]]


async def test_a_client_that_goes_away_in_the_midst_of_the_write_neither_stops_nor_repeats_it(tmp_path: Path) -> None:
    gate = Gate(START)
    async with practice(tmp_path, provider=sandbox(gate)) as world:
        account = await world.connect()
        parts = replace(mcp_parts(world.app, structlog.get_logger()), hold_s=0)
        world.sandbox.revoke()
        async with over_memory(parts, NOWHERE, NEW) as client:
            failed = await client.call_tool(WRITE, ROW)
            await reconnect(world.app, account)
            world.sandbox.faults.add(Fault(kind=FaultKind.DELAY_RESPONSE, where="api", times=1))
            resume = {"call_id": failed.structured_content["call_id"]}
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.call_tool, "resume_call", resume)
                await anyio.to_thread.run_sync(gate.reached.wait)
                tasks.cancel_scope.cancel()
            gate.opened.set()
            done = await client.call_tool("resume_call", resume)

        assert not done.is_error
        assert rows(world) == [ROW["row"]]


@pytest.mark.parametrize("can", ["tasks", "urls", "nothing"])
async def test_receivers_of_events_are_told_once_and_before_the_client_is(
    holding: Parts, world: Practice, account: ConnectedAccount, can: str
) -> None:
    world.sandbox.revoke()
    person = Person(world, account)
    told: list[tuple[str, int]] = []

    async def tell(tenant_id: str) -> None:
        told.append((tenant_id, len(person.links)))

    hosts = {"tasks": Host(extensions=[person.tasks()]), "urls": person.host, "nothing": Host()}
    async with over_memory(
        replace(holding, calls=replace(holding.calls, tell=tell)), NOWHERE, NEW, host=hosts[can]
    ) as client:
        listen = person.progress if can == "nothing" else None
        await client.call_tool("sandbox_list_rows", {}, progress_callback=listen)

    assert told == [(LOCAL_TENANT, 0)]
    assert len(person.links) == 1


async def test_a_call_that_needs_no_person_is_answered_at_once_whatever_its_client_can(
    parts: Parts, world: Practice, account: ConnectedAccount
) -> None:
    person = Person(world, account)
    tasks = person.tasks()

    async with over_memory(parts, NOWHERE, NEW, host=Host(person.elicit, [tasks])) as client:
        result = await client.call_tool(WRITE, ROW, progress_callback=person.progress)

    assert not result.is_error
    assert (tasks.made, person.links, person.told) == ([], [], [])


async def test_a_call_of_another_tenant_is_answered_as_one_that_does_not_exist(
    parts: Parts, world: Practice, account: ConnectedAccount, foreign: ConnectedAccount
) -> None:
    world.sandbox.revoke()
    outcome = await parts.calls.execute(foreign.key, WRITE, ROW)
    assert isinstance(outcome, ReauthRequired)

    async with over_memory(parts, NOWHERE, NEW) as client:
        theirs = await client.call_tool("resume_call", {"call_id": str(outcome.call_id)})
        nobodys = await client.call_tool("resume_call", {"call_id": "call_01JZZZZZZZZZZZZZZZZZZZZZZZ"})

    assert theirs == nobodys
    assert theirs.structured_content["code"] == "not_found"


async def test_a_request_waits_as_long_as_the_settings_say(world: Practice) -> None:
    settings = world.app.settings.model_copy(update={"hold_s": 7})

    parts = mcp_parts(replace(world.app, settings=settings), structlog.get_logger())

    assert parts.hold_s == 7
    assert parts.state_key == world.app.vault.key.ring.state_key()


async def test_the_code_that_the_page_asks_for_stands_beside_the_link(parts: Parts) -> None:
    link = ReauthRequired(
        reauth_url="https://auth.example/reconnect/x",
        confirmation_code="ABCD-1234",
        call_id="call_x",
        what_happened="The grant is no longer valid.",
        what_to_do="Reconnect.",
    )
    pending = Pending(parts.standing(Principal(LOCAL_TENANT)), "call_x", link)

    for text in (
        pending.said,
        said(pending.unfinished()),
        said(await pending.declined(Handover(parts.catalog, parts.pages, parts.log))),
    ):
        assert "https://auth.example/reconnect/x" in text
        assert "ABCD-1234" in text


async def _accept(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    return ElicitResult(action="accept")


async def _decline(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    return ElicitResult(action="decline")


async def _cannot(context: ClientRequestContext, params: ElicitRequestParams) -> ErrorData:
    return ErrorData(code=INVALID_REQUEST, message="Elicitation not supported")


class Gate(ManualClock):
    """The clock of a provider in a thread of its own, whose delays last until it is opened."""

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self.reached, self.opened = threading.Event(), threading.Event()

    @override
    async def sleep(self, seconds: float) -> None:
        self.reached.set()
        await anyio.to_thread.run_sync(self.opened.wait)
