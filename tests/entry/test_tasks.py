"""The tasks extension: a call that has to wait is a task, which its client asks after."""

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client.session import ClientSession
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, ElicitRequest, ElicitRequestURLParams
from structlog.testing import LogCapture
from tests.entry.modern import modern
from tests.entry.person import Person
from tests.entry.wires import Host, http_server, over_memory
from tests.fakes.practice import Practice, surroundings
from tests.fakes.reconnect import reconnect
from tests.fakes.tasks_client import TaskMade, ask
from typing_extensions import override

from evergrant.app import open_app
from evergrant.entry.mcp.client import TASKS
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.pending import REAUTH
from evergrant.model.account import ConnectedAccount
from evergrant.model.held_call import HeldCall
from evergrant.model.outcome import ReauthRequired
from evergrant.service.held import HeldCalls

pytestmark = pytest.mark.anyio
NOWHERE = Path()
NEW = "2026-07-28"
WRITE, ROW = "sandbox_append_row", {"row": ["the", "only", "one"]}
CAN: dict[str, Any] = {"extensions": {TASKS: {}}}
CANARY = "at_SECRET_canary of anna@example.test"


@pytest.fixture
def host(world: Practice, account: ConnectedAccount) -> Host:
    """A client with the extension."""
    return Host(extensions=[Person(world, account).tasks()])


@asynccontextmanager
async def asking(parts: Parts, host: Host) -> AsyncGenerator[ClientSession, None]:
    async with over_memory(parts, NOWHERE, NEW, host=host) as client:
        yield client.session


async def begin(session: ClientSession) -> TaskMade:
    made = await session.call_tool(WRITE, ROW, allow_claimed=True)
    assert isinstance(made, TaskMade)
    return made


async def test_a_task_asks_for_the_person_works_when_they_agreed_and_ends_with_the_result(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host
) -> None:
    world.sandbox.revoke()

    async with asking(parts, host) as session:
        made = await begin(session)
        asked = await ask(session, "get", made.task_id)
        await ask(session, "update", made.task_id, {"another question": "of another kind"})
        await ask(session, "update", made.task_id, {REAUTH: "accept"})
        await ask(session, "update", made.task_id, {REAUTH: "decline"})
        agreed = await ask(session, "get", made.task_id)
        await reconnect(world.app, account)
        done = await ask(session, "get", made.task_id)
        again = await ask(session, "get", made.task_id)

    assert made.task_id.startswith("call_")
    assert (made.status, made.ttl_ms, made.poll_interval_ms) == ("working", 86_400_000, 500)
    assert asked.input_requests
    question = asked.input_requests[REAUTH]
    assert isinstance(question, ElicitRequest)
    assert isinstance(question.params, ElicitRequestURLParams)
    for text in (made.status_message, asked.status_message, question.params.message):
        assert question.params.url in (text or "")
    assert [task.status for task in (asked, agreed, done, again)] == ["input_required", "working", *["completed"] * 2]
    assert done.result
    assert not done.result.is_error
    assert again.result == done.result
    assert world.sandbox.count.writes == 1


def requests_in_memory() -> list[object]:
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, ServerRequestContext)]


async def test_what_is_remembered_of_a_task_holds_nothing_of_the_request_that_it_began_with(
    parts: Parts, world: Practice, host: Host
) -> None:
    world.sandbox.revoke()
    others = requests_in_memory()

    async with asking(parts, host) as session:
        await begin(session)
        held = [each for each in requests_in_memory() if not any(each is other for other in others)]

    assert not held


async def test_a_task_outlives_the_server(parts: Parts, world: Practice, account: ConnectedAccount, host: Host) -> None:
    world.sandbox.revoke()

    async with asking(parts, host) as session:
        made = await begin(session)
    async with (
        open_app(world.app.settings, surroundings(world.clock)) as app,
        asking(replace(parts, calls=app.held_calls), host) as session,
    ):
        asked = await ask(session, "get", made.task_id)
        await reconnect(world.app, account)
        done = await ask(session, "get", made.task_id)

    assert asked.status == "input_required"
    assert done.result
    assert not done.result.is_error
    assert world.sandbox.count.writes == 1


async def test_a_no_that_reaches_a_server_started_anew_is_a_no(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host
) -> None:
    world.sandbox.revoke()

    async with asking(parts, host) as session:
        made = await begin(session)
    async with asking(parts, host) as session:
        await ask(session, "update", made.task_id, {REAUTH: "decline"})
        ended = await ask(session, "get", made.task_id)

    assert ended.result
    assert ended.result.is_error


async def test_a_cancelled_task_never_runs(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host
) -> None:
    world.sandbox.revoke()

    async with asking(parts, host) as session:
        made = await begin(session)
        await ask(session, "cancel", made.task_id)
        await reconnect(world.app, account)
        ended = await ask(session, "get", made.task_id)
        await ask(session, "cancel", made.task_id)

    assert ended.status == "cancelled"
    assert world.sandbox.count.writes == 0


async def test_a_task_of_another_tenant_is_answered_as_one_that_does_not_exist(
    parts: Parts, world: Practice, foreign: ConnectedAccount, host: Host
) -> None:
    world.sandbox.revoke()
    outcome = await parts.calls.execute(foreign.key, WRITE, ROW)
    assert isinstance(outcome, ReauthRequired)
    refusals: list[tuple[int, str]] = []

    async with asking(parts, host) as session:
        for task_id in (str(outcome.call_id), "call_01JZZZZZZZZZZZZZZZZZZZZZZZ", ""):
            for method in ("get", "update", "cancel"):
                with pytest.raises(MCPError) as refused:
                    await ask(session, method, task_id)
                refusals.append((refused.value.code, refused.value.message))

    assert len(set(refusals)) == 1
    assert refusals[0][0] == INVALID_PARAMS
    assert [call.status for call in parts.calls.listed("tnt_stranger")] == ["waiting"]


async def test_a_task_that_waited_too_long_is_gone(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host
) -> None:
    world.sandbox.revoke()

    async with asking(parts, host) as session:
        made = await begin(session)
        world.clock.advance(2 * 86_400)
        await world.app.held_calls.runs.tend()
        with pytest.raises(MCPError, match="expired"):
            await ask(session, "get", made.task_id)


@pytest.mark.parametrize(
    ("can", "name", "code"), [({}, None, -32021), (CAN, "call_another", -32020), (CAN, None, -32602)]
)
async def test_a_request_without_the_extension_or_with_another_name_in_its_header_is_refused(
    parts: Parts, can: dict[str, Any], name: str | None, code: int
) -> None:
    async with http_server(parts) as url, httpx2.AsyncClient() as http:
        for method in ("tasks/get", "tasks/update", "tasks/cancel"):
            request = modern(method, {"taskId": "call_x", "inputResponses": {}}, name or "call_x", can)
            answer = await http.post(f"{url}/mcp", **request)
            assert answer.json()["error"]["code"] == code


async def test_a_handshake_client_gets_no_task_even_where_it_names_the_extension(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host
) -> None:
    world.sandbox.revoke()

    async with over_memory(parts, NOWHERE, "legacy", host=host) as client:
        result = await client.call_tool(WRITE, ROW)
        with pytest.raises(MCPError):
            await ask(client.session, "get", result.structured_content["call_id"])

    assert result.structured_content["code"] == "reauth_required"


async def test_the_extension_is_announced(parts: Parts) -> None:
    async with over_memory(parts, NOWHERE, "auto") as client:
        announced = client.server_capabilities

    assert announced.extensions == {TASKS: {}}
    assert announced.tools


async def test_an_exceptions_text_reaches_neither_client_nor_log(parts: Parts, host: Host, logged: LogCapture) -> None:
    async with asking(replace(parts, calls=_Broken()), host) as session:
        for method in ("get", "update", "cancel"):
            with pytest.raises(MCPError) as broken:
                await ask(session, method, "call_x")
            assert logged.entries[-1]["reference"] in broken.value.message
            assert "SECRET" not in str(broken.value.error) + str(logged.entries)


class _Broken(HeldCalls):
    def __init__(self) -> None:
        pass

    @override
    def get(self, tenant_id: str, call_id: str) -> HeldCall | None:
        raise RuntimeError(CANARY)
