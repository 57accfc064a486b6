"""What a client of 2026-07-28 carries from round to round: good for its call alone, at any process of the vault."""

from dataclasses import replace
from pathlib import Path

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, CallToolResult, ElicitResult, InputRequiredResult, InputResponses
from structlog.testing import LogCapture
from tests.entry.person import Person
from tests.entry.reading import said
from tests.entry.wires import Host, over_http, over_memory
from tests.fakes.practice import Practice, surroundings
from tests.fakes.reconnect import reconnect
from typing_extensions import override

from evergrant.app import open_app
from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.pending import REAUTH
from evergrant.model.account import ConnectedAccount
from evergrant.service.held import HeldCalls
from evergrant.vault.ring import new_ring

pytestmark = pytest.mark.anyio
NOWHERE = Path()
NEW = "2026-07-28"
WRITE, ROW = "sandbox_append_row", {"row": ["the", "only", "one"]}
CANARY = "at_SECRET_canary of anna@example.test"


async def begin(client: Client) -> str:
    """The state that the first round gives."""
    asked = await client.session.call_tool(WRITE, ROW, allow_input_required=True)
    assert isinstance(asked, InputRequiredResult)
    assert asked.request_state
    return asked.request_state


async def go_on(
    client: Client, state: str, name: str = WRITE, arguments: dict[str, object] | None = None, action: str = "accept"
) -> CallToolResult | InputRequiredResult:
    responses: InputResponses = {REAUTH: ElicitResult.model_validate({"action": action})}
    return await client.session.call_tool(
        name, arguments or dict(ROW), request_state=state, input_responses=responses, allow_input_required=True
    )


@pytest.fixture
def host(world: Practice, account: ConnectedAccount) -> Host:
    """A client that declares URL elicitation."""
    return Person(world, account).host


async def test_it_tells_its_bearer_nothing(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host
) -> None:
    world.sandbox.revoke()

    async with over_memory(parts, NOWHERE, NEW, host=host) as client:
        state = await begin(client)

    assert not [word for word in ("call_", account.id, "anna", "round") if word in state]


@pytest.mark.parametrize(
    "other",
    [(WRITE, {"row": ["another"]}), ("sandbox_create_contact", {"name": "Eve", "email": "eve@example.test"})],
)
async def test_with_other_arguments_or_for_another_tool_it_is_refused(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host, other: tuple[str, dict[str, object]]
) -> None:
    world.sandbox.revoke()

    async with over_memory(parts, NOWHERE, NEW, host=host) as client:
        state = await begin(client)
        await reconnect(world.app, account)
        await refused(client, state, *other)

    assert world.sandbox.count.writes == 0


async def test_another_principal_cannot_use_it(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host
) -> None:
    world.sandbox.revoke()

    async with over_http(parts, NOWHERE, NEW, host=host) as client:
        state = await begin(client)
    await reconnect(world.app, account)
    async with over_http(parts, NOWHERE, NEW, "a stranger's token", host=host) as stranger:
        await refused(stranger, state)

    assert world.sandbox.count.writes == 0


async def test_another_vault_does_not_know_it(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host
) -> None:
    world.sandbox.revoke()

    async with over_memory(parts, NOWHERE, NEW, host=host) as client:
        state = await begin(client)
    other = replace(parts, state_key=new_ring().state_key())
    async with over_memory(other, NOWHERE, NEW, host=host) as client:
        await refused(client, state)


async def test_one_that_is_too_old_is_refused(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host
) -> None:
    world.sandbox.revoke()

    async with over_memory(replace(parts, state_ttl_s=1e-9), NOWHERE, NEW, host=host) as client:
        state = await begin(client)
        await refused(client, state)


async def test_the_key_is_the_same_after_the_vaults_keys_were_changed(world: Practice) -> None:
    ring = world.app.vault.key.ring

    changed = replace(ring, keys={**ring.keys, 2: b"x" * 32}, current=2)

    assert changed.state_key() == ring.state_key()
    assert ring.state_key() not in {ring.spool_key(), ring.bearer, new_ring().state_key()}


async def test_a_server_that_was_started_anew_goes_on_from_there(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host
) -> None:
    world.sandbox.revoke()

    async with over_memory(parts, NOWHERE, NEW, host=host) as client:
        first = await begin(client)
        second = await go_on(client, first)
    assert isinstance(second, InputRequiredResult)
    assert second.request_state
    assert second.input_requests is None
    await reconnect(world.app, account)
    async with open_app(world.app.settings, surroundings(world.clock)) as app:
        anew = replace(parts, calls=app.held_calls, state_key=app.vault.key.ring.state_key())
        async with over_memory(anew, NOWHERE, NEW, host=host) as client:
            done = await go_on(client, second.request_state)
            again = await go_on(client, first)

    assert isinstance(done, CallToolResult)
    assert not done.is_error
    assert again == done
    assert world.sandbox.count.writes == 1


async def test_whoever_calls_again_without_a_word_of_the_person_is_held_as_if_they_had_agreed(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host
) -> None:
    world.sandbox.revoke()

    async with over_memory(parts, NOWHERE, NEW, host=host) as client:
        state = await begin(client)
        await reconnect(world.app, account)
        done = await client.session.call_tool(WRITE, ROW, request_state=state, allow_input_required=True)

    assert isinstance(done, CallToolResult)
    assert not done.is_error


async def test_an_exceptions_text_reaches_neither_client_nor_log_in_a_later_round(
    parts: Parts, world: Practice, account: ConnectedAccount, host: Host, logged: LogCapture
) -> None:
    world.sandbox.revoke()

    async with over_memory(parts, NOWHERE, NEW, host=host) as client:
        state = await begin(client)
    async with over_memory(replace(parts, calls=_Broken()), NOWHERE, NEW, host=host) as client:
        broken = await go_on(client, state)

    assert isinstance(broken, CallToolResult)
    assert logged.entries[0]["reference"] in said(broken)
    assert not [text for text in (str(broken), str(logged.entries)) if "SECRET" in text or "anna" in text]


async def refused(client: Client, state: str, name: str = WRITE, arguments: dict[str, object] | None = None) -> None:
    """The state is turned away, in words that say no more than that."""
    with pytest.raises(MCPError, match="Invalid or expired requestState") as error:
        await go_on(client, state, name, arguments)
    assert error.value.code == INVALID_PARAMS


class _Broken(HeldCalls):
    def __init__(self) -> None:
        pass

    @override
    async def wait(self, tenant_id: str, call_id: str, seconds: float) -> bool:
        raise RuntimeError(CANARY)
