"""No token outlives its call in this process: what is held does not grow with the accounts."""

import gc
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.practice import CLIENT_ID, Practice, practice

from evergrant.model.account import ConnectedAccount
from evergrant.model.grant import Grant
from evergrant.model.outcome import Result
from evergrant.model.secret import Secret

pytestmark = pytest.mark.anyio
ACCOUNTS = 60
AT_REST = 10
"""Secrets that may be held between calls, whatever the number of accounts: those of the latest one or two."""


def live_secrets() -> int:
    gc.collect()
    return sum(isinstance(each, Secret) for each in gc.get_objects())


async def connected(world: Practice, first: ConnectedAccount, number: int) -> ConnectedAccount:
    """An account without a browser: the provider's grant, stored as a consent would."""
    answer = world.sandbox.issue(CLIENT_ID, f"user-{number}")
    now = world.clock.now()
    account = replace(first, id=f"conn_{number:026}", alias=f"acme-{number}", subject=f"user-{number}")
    tokens = (Secret(str(answer["access_token"])), Secret(str(answer["refresh_token"])))
    return await world.app.desk.grants.connect(account, Grant(1, *tokens, now, now, now))


async def test_the_secrets_that_are_held_do_not_grow_with_the_accounts(tmp_path: Path) -> None:
    before = live_secrets()
    async with practice(tmp_path) as world:
        first = await world.connect()
        accounts = [await connected(world, first, number) for number in range(ACCOUNTS)]
        for account in accounts:  # each is due: it is renewed, used, and left
            assert isinstance(await world.search(account), Result)
        assert live_secrets() - before <= AT_REST
        await world.app.schedule.tick()
        assert live_secrets() - before <= AT_REST


async def test_a_token_is_gone_when_its_call_is_over(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        account = await world.connect()
        await world.search(account)
        held = world.app.desk.grants.load(account.grant_key)
        assert held
        token = held.grant.access_token.reveal()
        del held
        gc.collect()
        assert not [each for each in gc.get_objects() if isinstance(each, Secret) and each.reveal() == token]
