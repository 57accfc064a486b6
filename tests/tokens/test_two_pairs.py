"""A consent that brings two pairs of tokens: each is renewed, used and lost on its own."""

from pathlib import Path

import pytest
from tests.fakes.two_pairs import LIFE_S
from tests.fakes.workspace import workspace

from evergrant.model.account import GrantKey
from evergrant.model.outcome import InsufficientScope, ReauthRequired, Result
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio


async def test_each_pair_signs_its_own_tools_and_is_renewed_on_its_own(tmp_path: Path) -> None:
    async with workspace(tmp_path) as slack:
        account = await slack.connect()
        assert "search:read" in account.scopes_granted
        for _ in range(4):
            assert isinstance(await slack.channels(account), Result)
            slack.clock.advance(LIFE_S)
        assert isinstance(await slack.search(account), Result)

        assert slack.provider.refreshes == {"bot": 3, "user": 1}
        assert slack.provider.refused == {}
        assert [kind for method, kind in slack.provider.used if method != "auth.test"] == ["bot"] * 4 + ["user"]


async def test_the_schedule_renews_both_and_keeps_what_each_was_granted(tmp_path: Path) -> None:
    async with workspace(tmp_path) as slack:
        account = await slack.connect()
        slack.clock.advance(LIFE_S * 0.95)

        for _ in range(2):  # one after the other: an account's grants share a lock
            await slack.app.schedule.tick()

        assert slack.provider.refreshes == {"bot": 1, "user": 1}
        stored = slack.app.accounts.get(account.key)
        assert stored is not None
        assert set(stored.scopes_granted) == {"chat:write", "channels:read", "search:read"}


async def test_the_death_of_one_pair_leaves_the_other_at_work_and_a_reconnect_brings_both(tmp_path: Path) -> None:
    async with workspace(tmp_path) as slack:
        account = await slack.connect()
        slack.provider.kill("user")

        assert isinstance(await slack.search(account), ReauthRequired)
        assert isinstance(await slack.channels(account), Result)
        stored = slack.app.accounts.get(account.key)
        assert stored is not None
        assert stored.state == "reauth_required"

        again = await slack.reconnect(account)
        assert (again.id, again.state) == (account.id, "active")
        assert isinstance(await slack.search(account), Result)
        assert slack.events() == ["agent.auth.reauth_required", "agent.auth.reauth_completed"]


async def test_a_person_who_grants_nothing_of_their_own_is_told_so_where_it_is_needed(tmp_path: Path) -> None:
    async with workspace(tmp_path, person_scopes="") as slack:
        account = await slack.connect()

        outcome = await slack.search(account)

        assert isinstance(outcome, InsufficientScope)
        assert set(outcome.missing) == {"search:read", "im:read", "mpim:read"}
        assert isinstance(await slack.channels(account), Result)
        assert slack.events() == []


async def test_revoking_the_account_revokes_both_pairs(tmp_path: Path) -> None:
    async with workspace(tmp_path) as slack:
        account = await slack.connect()

        receipt = await slack.app.desk.remove(account, at_provider=True)

        assert receipt.revoked_at_provider
        assert slack.provider.revocations == {"bot": 1, "user": 1}
        with pytest.raises(LookupError):
            slack.app.desk.find(LOCAL_TENANT, account.id)
        assert await slack.app.schedule.tick() is None


async def test_both_pairs_of_an_account_may_be_renewed_at_once(tmp_path: Path) -> None:
    async with workspace(tmp_path) as slack:
        account = await slack.connect()
        slack.clock.advance(LIFE_S)

        keys = [account.grant_key, GrantKey(*account.key, "person")]
        held = [await slack.app.tokens.grant(key) for key in keys]

        assert [each.grant.generation for each in held] == [2, 2]
        assert {each.grant.access_token.reveal().split("-")[0] for each in held} == {"bot", "user"}
