"""Calls that met a dead grant: kept, and gone on with once."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.consent import approve
from tests.fakes.practice import Practice, practice

from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import ReauthRequired, Result
from evergrant.oauth.flow import parse_redirect
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Practice, None]:
    async with practice(tmp_path) as made:
        yield made


async def reconnect(world: Practice, account: ConnectedAccount, user: str = "anna") -> None:
    begun = await world.app.connect.begin_reauth(account)
    await world.app.consent.finish(parse_redirect(await approve(begun.url, user)))


async def test_a_write_that_met_a_dead_grant_runs_once_after_the_reconnect(world: Practice) -> None:
    account, held = await world.connect(), world.app.held_calls
    world.sandbox.revoke(user="anna")

    outcome = await held.execute(account.key, "sandbox_append_row", {"row": ["a"]})

    assert isinstance(outcome, ReauthRequired)
    assert outcome.call_id is not None
    assert isinstance(await held.resume(LOCAL_TENANT, outcome.call_id), ReauthRequired)
    await reconnect(world, account)
    first = await held.resume(LOCAL_TENANT, outcome.call_id)
    second = await held.resume(LOCAL_TENANT, outcome.call_id)
    assert isinstance(first, Result)
    assert second == first
    assert world.sandbox.book("anna").rows == [["a"]]
