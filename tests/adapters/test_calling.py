"""A call that waits in place: its person is told each thing that only they can do, and it is made once."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.practice import Practice, practice
from tests.fakes.sdk import client_of, reconnect
from tests.service.approving import DELETE, ONE, contacts

from evergrant.adapters.calling import Calls
from evergrant.model.account import ConnectedAccount
from evergrant.sdk.errors import CallCancelled, ConfirmationRequired, PersonNeeded
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice]:
    async with practice(tmp_path / "home") as made:
        yield made


@pytest.fixture
async def account(world: Practice) -> ConnectedAccount:
    return await world.connect()


async def test_a_call_that_is_approved_goes_on_and_a_grant_that_died_meanwhile_is_asked_for_too(
    world: Practice, account: ConnectedAccount
) -> None:
    asked: list[str] = []

    async def ask(needed: PersonNeeded) -> None:
        asked.append(needed.code)
        assert needed.url
        if isinstance(needed, ConfirmationRequired):
            assert await world.app.held_calls.approvals.approve(LOCAL_TENANT, needed.call_id or "", "Ada")
            world.sandbox.revoke()
        else:
            await reconnect(world, account)

    async with client_of(world) as client:
        result = await Calls(client, "acme", ask).make(DELETE, ONE)

    assert (asked, result.account) == (["confirmation_required", "reauth_required"], account.id)
    assert ONE["contact_id"] not in contacts(world)
    assert world.sandbox.count.writes == 1


async def test_a_call_that_is_refused_says_so(world: Practice, account: ConnectedAccount) -> None:
    async def refuse(needed: PersonNeeded) -> None:
        await world.app.held_calls.approvals.refuse(account.tenant_id, needed.call_id or "", "Ada")

    async with client_of(world) as client:
        with pytest.raises(CallCancelled):
            await Calls(client, "acme", refuse).make(DELETE, ONE)
    assert world.sandbox.count.writes == 0


async def test_nobody_who_answers_is_waited_for_no_longer_than_was_said(
    world: Practice, account: ConnectedAccount
) -> None:
    async def ask(_: PersonNeeded) -> None:
        """Tells a person who is away."""

    before = world.clock.monotonic()
    async with client_of(world) as client:
        with pytest.raises(ConfirmationRequired) as raised:
            await Calls(client, "acme", ask, wait_s=100).make(DELETE, ONE)
    assert raised.value.account == account.id
    assert 100 <= world.clock.monotonic() - before < 101
