"""What a call comes to when things go wrong around it."""

import shutil
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import httpx2
import pytest
from tests.fakes.clock import ManualClock
from tests.fakes.practice import (
    CLIENT_SECRET,
    REDIRECT_URI,
    START,
    Practice,
    practice,
    retold_connector,
    surroundings,
)
from tests.fakes.retold import retold_tools

from evergrant.app import open_app
from evergrant.model.account import AccountKey
from evergrant.model.json import JsonObject
from evergrant.model.outcome import ConnectionFault, InvalidInput, NotFound, ProviderUnavailable, RateLimited, Result
from evergrant.model.secret import Secret
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.settings import LOCAL_TENANT, Settings

pytestmark = pytest.mark.anyio
APPEND = "sandbox_append_row"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


async def test_a_lost_answer_to_a_write_is_not_called_retryable(world: Practice) -> None:
    account = await world.connect()
    world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, where="api", times=1))

    outcome = await world.app.executor.execute_tool(account.key, "sandbox_append_row", {"row": ["a"]})

    assert isinstance(outcome, ProviderUnavailable)
    assert not outcome.retryable
    assert "look before you call again" in outcome.what_to_do


async def test_a_lost_answer_to_a_read_is_retryable(world: Practice) -> None:
    account = await world.connect()
    world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, where="api", times=1))

    outcome = await world.search(account)

    assert isinstance(outcome, ProviderUnavailable)
    assert outcome.retryable


async def test_a_rate_limit_says_how_long_to_wait(world: Practice) -> None:
    account = await world.connect()
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_429, where="api", seconds=7, times=1))

    outcome = await world.search(account)

    assert isinstance(outcome, RateLimited)
    assert outcome.retry_after_s == 7


async def test_a_providers_retry_after_binds_every_call_of_the_account(world: Practice) -> None:
    account = await world.connect()
    world.clock.advance(1801)
    world.sandbox.faults.add(Fault(kind=FaultKind.STATUS_429, seconds=120, times=1))

    first, second = await world.search(account), await world.search(account)

    assert {type(first), type(second)} == {ProviderUnavailable}
    assert world.sandbox.count.faults == {"status_429": 1}
    world.clock.advance(121)
    assert isinstance(await world.search(account), Result)


async def test_an_unknown_tool_and_a_tool_of_another_service_look_alike(world: Practice) -> None:
    account = await world.connect()

    for name in ("sandbox_nothing", "hubspot_search_contacts"):
        outcome = await world.app.executor.execute_tool(account.key, name, {})
        assert isinstance(outcome, NotFound)
        assert "search_tools" in outcome.what_to_do


async def test_wrong_types_name_the_place(world: Practice) -> None:
    account = await world.connect()

    outcome = await world.app.executor.execute_tool(account.key, "sandbox_search_contacts", {"limit": "many"})

    assert isinstance(outcome, InvalidInput)
    assert outcome.pointer == "/limit"


async def test_a_broken_connector_stops_its_own_calls_and_no_others(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        account = await world.connect()
    own = retold_connector(tmp_path / "own", {})
    (own / "connectors" / "broken.yaml").write_text("name: Broken\n", encoding="utf-8")
    (own / "schemas" / "sandbox.yaml").write_text("sandbox_search_contacts: {description: no}\n", encoding="utf-8")
    settings = Settings(home=tmp_path, key_source="file", connector_path=(own,))

    async with open_app(settings, surroundings(ManualClock(START))) as app:
        outcome = await app.executor.execute_tool(account.key, "sandbox_search_contacts", {})
        standing = app.desk.standing(account)

    assert isinstance(outcome, ConnectionFault)
    assert "schemas/sandbox.yaml" in outcome.what_happened
    assert (standing.tools_ready, set(app.catalog.faults)) == (0, {"broken", "sandbox"})
    assert "hubspot" in app.catalog.connectors()


async def test_an_account_whose_connector_is_gone_can_be_seen_and_removed(tmp_path: Path) -> None:
    own = retold_connector(tmp_path / "own", {})
    for kind in ("connectors", "schemas"):
        shutil.move(own / kind / "sandbox.yaml", own / kind / "mine.yaml")
    tools = own / "schemas" / "mine.yaml"
    tools.write_text(tools.read_text(encoding="utf-8").replace("sandbox_", "mine_"), encoding="utf-8")
    async with practice(tmp_path, connector_path=own) as world:
        await world.app.registry.add(
            LOCAL_TENANT, "mine", client_id="practice", client_secret=Secret(CLIENT_SECRET), redirect_uri=REDIRECT_URI
        )
        account = await world.connect(connector="mine")

    async with open_app(Settings(home=tmp_path, key_source="file"), surroundings(ManualClock(START))) as app:
        standing = app.desk.standing(account)
        receipt = await app.desk.remove(account, at_provider=True)

    assert (standing.tools_ready, standing.first_tool) == (0, None)
    assert receipt.why_not == "its connector is gone or cannot be read"


async def test_whatever_goes_wrong_is_told_with_its_code_whose_it_was_and_what_to_do(world: Practice) -> None:
    account = await world.connect()
    execute, nobody = world.app.executor.execute_tool, AccountKey(LOCAL_TENANT, "conn_nowhere")
    outcomes = [
        await execute(account.key, "sandbox_append_row", {"row": 1}),
        await execute(account.key, "sandbox_no_such_tool", {}),
        await execute(nobody, "sandbox_search_contacts", {}),
    ]
    for kind in (FaultKind.DROP_RESPONSE, FaultKind.STATUS_429, FaultKind.STATUS_503, FaultKind.HTML):
        world.sandbox.faults.add(Fault(kind=kind, where="api", seconds=7, times=1))
        outcomes.append(await world.search(account))
    world.sandbox.revoke()
    outcomes.append(await world.search(account))

    assert {getattr(outcome, "code", "result") for outcome in outcomes} == {
        "invalid_input",
        "not_found",
        "provider_unavailable",
        "rate_limited",
        "reauth_required",
    }
    for outcome in outcomes:
        said = outcome.as_json()
        assert {"code", "retryable", "account", "what_happened", "what_to_do"} <= said.keys(), said
        assert said["account"] in (account.id, nobody.account_id)


class Meddling(httpx2.AsyncBaseTransport):
    """The network; something happens after each answer to a write."""

    def __init__(self) -> None:
        self._network = httpx2.AsyncHTTPTransport()
        self.instead: Callable[[], httpx2.Response] | None = None
        self.then: Callable[[], None] = lambda: None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.instead:
            return self.instead()
        response = await self._network.handle_async_request(request)
        if (request.method, request.url.path) == ("POST", "/crm/rows"):
            self.then()
        return response

    async def aclose(self) -> None:
        await self._network.aclose()


def unreachable() -> httpx2.Response:
    raise httpx2.ConnectError("nobody there")


def lacking_scope() -> httpx2.Response:
    challenge = 'Bearer error="insufficient_scope", scope="crm.write"'
    return httpx2.Response(403, headers={"WWW-Authenticate": challenge}, json={"error": "insufficient_scope"})


@pytest.mark.parametrize("trouble", [unreachable, lacking_scope, None], ids=["unreachable", "scope", "grant dead"])
async def test_what_goes_wrong_after_a_first_write_of_a_call_is_neither_made_again_nor_kept(
    tmp_path: Path, trouble: Callable[[], httpx2.Response] | None
) -> None:
    step: JsonObject = {"request": "POST /crm/rows", "effect": "write", "body": {"row": "$row"}}
    own = retold_tools(tmp_path / "own", {APPEND: {"first": {"before": step}}})
    network = Meddling()
    async with practice(tmp_path / "home", connector_path=own, transport=network) as world:
        account = await world.connect()

        def meddle() -> None:
            network.instead = trouble
            if trouble is None:
                world.sandbox.revoke(user="anna")

        network.then = meddle
        outcome = await world.app.held_calls.execute(account.key, APPEND, {"row": ["a"]})

        assert isinstance(outcome, ProviderUnavailable)
        assert not outcome.retryable
        assert "A first part of the call had been carried out." in outcome.what_happened
        assert "look before you call again" in outcome.what_to_do
        assert world.app.held_calls.listed(LOCAL_TENANT) == []
