"""A grant dies under an agent's run: the operator is told first, the call pauses, all others go on, and it resumes.

Nothing is played in this process but the agent: the server, both providers and the browser are programs of their own.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, cast

import pytest
from mcp import Client
from mcp.types import CallToolResult, ElicitRequestParams, ElicitRequestURLParams, ElicitResult
from tests.acceptance.reauth_stage import CERTIFIED, MOST_SECONDS, SANDBOX, Stage, stage
from tests.fakes.receiver import Received
from tests.fakes.tasks_client import TasksExtension
from tests.fakes.typescript_client import ts_client

from evergrant.entry.mcp.questions import NO_PERSON_S
from evergrant.model.clock import SystemClock
from evergrant.model.json import JsonObject

pytestmark = pytest.mark.anyio
REQUIRED, COMPLETED = "agent.auth.reauth_required", "agent.auth.reauth_completed"
CONNECTORS = {"crm": CERTIFIED, "sheet": SANDBOX, "notes": SANDBOX}
MODERN, HANDSHAKE = "2026-07-28", "legacy"
GENEROUS_S = 5.0
"""The promise is one second; another machine may be slow."""

Say = Callable[[str], None]
"""Takes what the agent is told while its call waits: the link, and the code that its page asks for."""
Call = Callable[[Say], Awaitable[JsonObject]]
"""Makes the call that meets the dead grant; returns its result."""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage, None]:
    async with stage(tmp_path_factory.mktemp("reauth")) as made:
        yield made


def execute(world: Stage, alias: str, verb: str, given: JsonObject) -> dict[str, Any]:
    """The arguments of `execute_tool`."""
    name = f"{CONNECTORS[alias]}_{verb}"
    return {"connected_account_id": world.accounts[alias], "tool_name": name, "tool_input": given}


def write(world: Stage, alias: str) -> dict[str, Any]:
    return execute(world, alias, "append_row", {"row": ["hour 4", alias]})


def content(result: CallToolResult) -> JsonObject:
    return cast("JsonObject", result.structured_content)


async def work_on_others(world: Stage, client: Client, dead: str) -> None:
    """Calls on the other accounts, each of which returns its data."""
    for alias in CONNECTORS.keys() - {dead}:
        result = await client.call_tool("execute_tool", execute(world, alias, "search_contacts", {"query": "a"}))
        assert not result.is_error, result
        assert content(result)["data"]


async def dies(world: Stage, alias: str) -> None:
    """The grant is revoked at the provider, and nobody has noticed."""
    world.story.begin()
    await asyncio.to_thread(world.revoke, CONNECTORS[alias])


async def is_told_first(world: Stage, alias: str) -> None:
    """The event, verified, arrived at the receiver before the agent heard of anything."""
    event = await world.story.event(world.webhook_secret, REQUIRED, world.accounts[alias])
    kinds = [type(each) for each in world.story.told]
    assert kinds.index(Received) < kinds.index(str)
    assert (event["provider"], event["error_code"]) == (CONNECTORS[alias], "invalid_grant")


async def goes_on(world: Stage, alias: str, others: Client, call: Call) -> JsonObject:
    """A call on a dead grant, to its end: what it came to, in the request in which it was made."""
    connector, clock = CONNECTORS[alias], SystemClock()
    before = world.writes(connector)
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def say(text: str) -> None:
        world.story.say(text)
        if not told.done():
            told.set_result(text)

    paused = asyncio.ensure_future(call(say))
    async with asyncio.timeout(MOST_SECONDS):
        await asyncio.wait((paused, told), return_when=asyncio.FIRST_COMPLETED)
        assert told.done(), paused
        said = told.result()
        await is_told_first(world, alias)
        await work_on_others(world, others, alias)
        assert (paused.done(), world.writes(connector)) == (False, before)

        ending = await world.consent(said)
        result = await paused
    seconds = clock.monotonic() - ending.pressed_at
    sys.stdout.write(f"{seconds:.2f} s from the consent's last press to the result\n")
    assert seconds < GENEROUS_S
    assert world.writes(connector) == before + 1
    await world.story.event(world.webhook_secret, COMPLETED, world.accounts[alias])
    return result


def held(world: Stage, client: Client, alias: str) -> Call:
    """A client that can do nothing but wait: it hears of the link by progress."""

    async def call(say: Say) -> JsonObject:
        async def hear(progress: float, total: float | None, message: str | None) -> None:
            say(message or "")

        result = await client.call_tool("execute_tool", write(world, alias), progress_callback=hear)
        assert not result.is_error, result
        return content(result)

    return call


@pytest.mark.parametrize(("era", "alias"), [(HANDSHAKE, "crm"), (MODERN, "sheet")])
async def test_a_client_that_opens_links_asks_its_person_and_gets_the_result_in_the_same_call(
    world: Stage, era: str, alias: str
) -> None:
    asked: asyncio.Queue[ElicitRequestParams] = asyncio.Queue()

    async def elicitation(context: object, params: ElicitRequestParams) -> ElicitResult:
        asked.put_nowait(params)
        return ElicitResult(action="accept")

    async with world.agent(era, elicitation) as client:

        async def call(say: Say) -> JsonObject:
            made = asyncio.ensure_future(client.call_tool("execute_tool", write(world, alias)))
            params = await asked.get()
            assert isinstance(params, ElicitRequestURLParams)
            say(f"{params.url} {params.message}")
            result = await made
            assert not result.is_error, result
            return content(result)

        await dies(world, alias)
        result = await goes_on(world, alias, client, call)

    assert result["account"] == world.accounts[alias]


async def test_a_client_that_takes_tasks_gets_the_result_as_what_its_task_came_to(world: Stage) -> None:
    asked: asyncio.Queue[str] = asyncio.Queue()

    async def answer(url: str, message: str) -> str:
        asked.put_nowait(f"{url} {message}")
        return "accept"

    tasks = TasksExtension(answer)
    async with world.agent(MODERN, extensions=[tasks]) as client:

        async def call(say: Say) -> JsonObject:
            made = asyncio.ensure_future(client.call_tool("execute_tool", write(world, "sheet")))
            say(await asked.get())
            result = await made
            assert not result.is_error, result
            return content(result)

        await dies(world, "sheet")
        result = await goes_on(world, "sheet", client, call)

    assert (len(tasks.made), tasks.seen[-1].status) == (1, "completed")
    assert result["account"] == world.accounts["sheet"]


async def test_the_typescript_client_asks_its_person_and_gets_the_result_in_the_same_call(world: Stage) -> None:
    async with world.agent(MODERN) as others, ts_client(world.mcp_url, world.bearer, MODERN) as client:
        client.ask(method="list")
        assert "execute_tool" in cast("list[str]", await client.says("result"))

        async def call(say: Say) -> JsonObject:
            client.ask(method="call", name="execute_tool", arguments=write(world, "sheet"))
            asked = cast("dict[str, str]", await client.says("elicitation"))
            say(f"{asked['url']} {asked['message']}")
            result = cast("JsonObject", await client.says("result"))
            assert not result.get("isError"), result
            return cast("JsonObject", result["structuredContent"])

        await dies(world, "sheet")
        result = await goes_on(world, "sheet", others, call)

    assert result["account"] == world.accounts["sheet"]


async def test_a_call_whose_person_was_not_there_is_resumed_by_its_id_and_runs_once(world: Stage) -> None:
    async def elicitation(context: object, params: ElicitRequestParams) -> ElicitResult:
        await SystemClock().sleep(NO_PERSON_S)  # a faster refusal is taken for the client's own
        return ElicitResult(action="decline")

    async with world.agent(HANDSHAKE, elicitation) as client:
        before = world.writes(SANDBOX)
        await dies(world, "sheet")
        failed = await client.call_tool("execute_tool", write(world, "sheet"))
        world.story.say("told")
        await is_told_first(world, "sheet")
        failure = content(failed)
        assert (failed.is_error, failure["code"]) == (True, "reauth_required")
        await work_on_others(world, client, "sheet")

        await world.consent(f"{failure['reauth_url']} {failure['confirmation_code']}")
        resumed = [await client.call_tool("resume_call", {"call_id": failure["call_id"]}) for _ in range(2)]

    assert [result.is_error for result in resumed] == [False, False]
    assert content(resumed[0]) == content(resumed[1])
    assert world.writes(SANDBOX) == before + 1


async def test_a_client_that_can_only_wait_gets_the_result_in_the_same_request(world: Stage) -> None:
    async with world.agent(HANDSHAKE) as client:
        await dies(world, "sheet")
        result = await goes_on(world, "sheet", client, held(world, client, "sheet"))

    assert result["account"] == world.accounts["sheet"]


async def test_a_death_that_no_call_has_met_is_told_before_the_agents_next_call(world: Stage) -> None:
    async with world.agent(MODERN) as client:
        await dies(world, "crm")
        await world.story.event(world.webhook_secret, REQUIRED, world.accounts["crm"])
        result = await goes_on(world, "crm", client, held(world, client, "crm"))

    assert result["account"] == world.accounts["crm"]
