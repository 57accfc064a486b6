"""Grants that cannot be renewed: the provider is asked daily, so that a death is found by us and not by a customer."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.fakes.workspace import Workspace, workspace

from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import ReauthRequired, Result
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
A_DAY_S = 86400.0


def looks(slack: Workspace) -> int:
    """How often the provider was asked who a token belongs to; the consent asks once."""
    return sum(method == "auth.test" for method, _ in slack.provider.used) - 1


async def days(slack: Workspace, count: int) -> None:
    """Tick as the server would, at each due time."""
    end = slack.clock.now() + timedelta(days=count)
    while (due := await slack.app.schedule.tick()) and due < end:
        slack.clock.advance((due - slack.clock.now()).total_seconds())


def state(slack: Workspace, account: ConnectedAccount) -> str:
    stored = slack.app.accounts.get(account.key)
    assert stored is not None
    return stored.state


async def test_a_living_grant_is_looked_at_every_day_and_left_alone(tmp_path: Path) -> None:
    async with workspace(tmp_path, person_scopes="", rotating=False) as slack:
        account = await slack.connect()
        await days(slack, 10)

        assert 10 <= looks(slack) <= 10 / 0.6
        assert state(slack, account) == "active"
        assert slack.app.tokens.generation(account.grant_key) == 1
        assert isinstance(await slack.channels(account), Result)
        assert slack.events() == []


async def test_a_death_is_found_within_a_day_though_nobody_calls(tmp_path: Path) -> None:
    async with workspace(tmp_path, person_scopes="", rotating=False) as slack:
        account = await slack.connect()
        slack.provider.kill("bot")
        await days(slack, 1)

        assert state(slack, account) == "reauth_required"
        (event,) = slack.app.outbox.after(LOCAL_TENANT, 0, 10)
        assert (event.type, event.data["cause"]) == ("agent.auth.reauth_required", "revoked")


async def test_a_provider_in_trouble_is_no_death_and_is_asked_again(tmp_path: Path) -> None:
    async with workspace(tmp_path, person_scopes="", rotating=False) as slack:
        account = await slack.connect()
        slack.provider.down = True
        await days(slack, 1)
        assert (state(slack, account), slack.events()) == ("active", [])

        slack.provider.down = False
        await days(slack, 1)

        assert looks(slack) >= 1
        assert isinstance(await slack.channels(account), Result)


async def test_a_refused_call_asks_the_provider_before_anyone_is_bothered(tmp_path: Path) -> None:
    async with workspace(tmp_path, person_scopes="", rotating=False) as slack:
        account = await slack.connect()
        slack.provider.kill("bot")

        outcome = await slack.channels(account)

        assert isinstance(outcome, ReauthRequired)
        assert outcome.cause == "revoked"
        assert slack.events() == ["agent.auth.reauth_required"]
