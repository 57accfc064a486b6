"""Ending everything at once, against the sandbox: what each account comes to, and what goes on meanwhile."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tests.fakes.clock import ManualClock
from tests.fakes.practice import (
    START,
    Practice,
    practice,
    retold_connector,
    sandbox,
    surroundings,
)
from tests.fakes.tenants import settled
from tests.fakes.two_pairs import LIFE_S
from tests.fakes.worker import From
from tests.fakes.workspace import workspace
from tests.tokens import token_host as hosts
from typing_extensions import override

from evergrant.app import App, open_app
from evergrant.model.account import AccountKey, ConnectedAccount
from evergrant.model.clock import SystemClock
from evergrant.model.outcome import ReauthRequired, Refused
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.service.connect import CannotConnect
from evergrant.service.consent import ConsentFailed
from evergrant.service.revoking import BACK_OFF_S, DEADLINE_S, Receipt
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.tokens.places import IN_FLIGHT
from evergrant.vault.grants import Renewed

pytestmark = pytest.mark.anyio
PEOPLE = ("anna", "bert", "cleo")


async def end_all(app: App, *tenants: str, shred_failed: bool = False) -> dict[str, Receipt]:
    receipts: list[Receipt] = []
    await app.panic.end_all(receipts.append, tenants, shred_failed=shred_failed)
    return {receipt.account.alias: receipt for receipt in receipts}


def states(app: App) -> dict[str, str]:
    return {account.alias: account.state for account in app.accounts.all(LOCAL_TENANT)}


def down(kind: FaultKind = FaultKind.STATUS_503, times: int | None = None, seconds: float = 1) -> Fault:
    return Fault(kind=kind, where="revoke", times=times, seconds=seconds)


@asynccontextmanager
async def another(home: Path, clock: ManualClock | SystemClock) -> AsyncGenerator[App, None]:
    """A second process's app on the same vault."""
    async with open_app(Settings(home=home, key_source="file"), surroundings(clock)) as app:
        yield app


async def test_every_grant_is_revoked_with_a_receipt_and_then_shredded(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        for person in PEOPLE:
            await world.connect(person, person)

        receipts = await end_all(world.app)

        assert {alias: receipt.outcome for alias, receipt in receipts.items()} == dict.fromkeys(PEOPLE, "ok")
        assert all((one.grants, one.revoked, one.why, one.kept) == (1, 1, None, False) for one in receipts.values())
        assert (world.sandbox.count.revocations, world.sandbox.count.grants_dead) == (3, 3)
        assert states(world.app) == {}
        assert world.app.desk.grants.of_account(receipts["anna"].account.key) == []
        assert await world.app.accounts.empty_log()


async def test_a_grant_that_could_not_be_revoked_is_kept_and_ended_by_the_next_run(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        await world.connect()
        world.sandbox.faults.add(down())

        failed = (await end_all(world.app))["acme"]

        assert (failed.outcome, failed.why, failed.kept) == ("failed", "the provider answered 503", True)
        assert failed.help == "https://www.rfc-editor.org/rfc/rfc6749"
        assert states(world.app) == {"acme": "revoked"}
        world.sandbox.faults.clear()
        assert (await end_all(world.app))["acme"].outcome == "ok"
        assert world.sandbox.count.grants_dead == 1
        assert states(world.app) == {}


async def test_a_stopped_account_takes_no_new_grant_before_the_old_one_is_ended(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        account = await world.connect()
        world.sandbox.faults.add(down(times=2))
        stopped = (await end_all(world.app))["acme"]
        assert stopped.kept

        with pytest.raises(CannotConnect, match="evergrant revoke acme"):
            await world.app.connect.begin_reauth(world.app.desk.find(LOCAL_TENANT, account.id))
        with pytest.raises(ConsentFailed, match="evergrant revoke acme"):
            await world.connect("other", "anna")

        assert (await end_all(world.app))["acme"].outcome == "ok"
        assert (world.sandbox.count.grants_issued, world.sandbox.count.grants_dead) == (2, 2)


async def test_a_failed_one_is_shredded_too_where_that_is_asked_for(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        await world.connect()
        world.sandbox.faults.add(down())

        failed = (await end_all(world.app, shred_failed=True))["acme"]

        assert (failed.outcome, failed.kept) == ("failed", False)
        assert states(world.app) == {}


@pytest.mark.parametrize("kind", [FaultKind.STATUS_503, FaultKind.DROP_REQUEST, FaultKind.DROP_RESPONSE])
async def test_a_failure_that_passes_is_tried_once_more_after_a_pause(tmp_path: Path, kind: FaultKind) -> None:
    async with practice(tmp_path) as world:
        await world.connect()
        world.sandbox.faults.add(down(kind, times=1))
        began = world.clock.monotonic()

        assert (await end_all(world.app))["acme"].outcome == "ok"

        assert world.clock.monotonic() - began >= BACK_OFF_S
        assert world.sandbox.count.grants_dead == 1


async def test_it_is_tried_once_more_and_not_again(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        await world.connect()
        world.sandbox.faults.add(down())

        await end_all(world.app)

        assert world.sandbox.count.faults == {"status_503": 2}


async def test_a_pause_that_the_provider_asks_for_is_kept(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        await world.connect()
        world.sandbox.faults.add(down(FaultKind.STATUS_429, times=1, seconds=30))
        began = world.clock.monotonic()

        assert (await end_all(world.app))["acme"].outcome == "ok"

        assert world.clock.monotonic() - began >= 30


async def test_a_longer_pause_than_an_account_has_time_for_fails_and_nothing_is_sent_in_it(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        await world.connect()
        world.sandbox.faults.add(down(FaultKind.STATUS_429, times=1, seconds=3600))

        failed = (await end_all(world.app))["acme"]
        again = (await end_all(world.app))["acme"]

        assert (failed.outcome, again.outcome) == ("failed", "failed")
        assert failed.why is not None
        assert "wants to be left alone" in failed.why
        assert (world.sandbox.count.faults, world.sandbox.count.revocations) == ({"status_429": 1}, 0)
        assert world.clock.monotonic() < 2 * DEADLINE_S


async def test_an_account_of_a_provider_that_cannot_revoke_is_shredded_with_a_word_where_to_end_it(
    tmp_path: Path,
) -> None:
    own = retold_connector(tmp_path / "own", {})
    file = own / "connectors" / "sandbox.yaml"
    declared = yaml.safe_load(file.read_text(encoding="utf-8"))
    del declared["oauth"]["revocation_endpoint"]
    declared["oauth"]["revocation_help"] = "{account.origin}/settings"
    file.write_text(yaml.safe_dump(declared), encoding="utf-8")
    async with practice(tmp_path, connector_path=own) as world:
        await world.connect()

        receipt = (await end_all(world.app))["acme"]

        assert (receipt.outcome, receipt.grants, receipt.revoked) == ("unsupported", 1, 0)
        assert receipt.help == f"{world.url}/settings"
        assert states(world.app) == {}


async def test_a_grant_whose_connector_is_gone_is_kept(tmp_path: Path) -> None:
    own = retold_connector(tmp_path / "own", {})
    async with practice(tmp_path, connector_path=own) as world:
        await world.connect()
    (own / "connectors" / "sandbox.yaml").write_text("name: Broken\n", encoding="utf-8")
    settings = Settings(home=tmp_path, key_source="file", connector_path=(own,))

    async with open_app(settings, surroundings(ManualClock(START))) as app:
        receipt = (await end_all(app))["acme"]

    assert (receipt.outcome, receipt.kept) == ("failed", True)
    assert receipt.why == "its connector is gone or cannot be read"


async def test_an_access_token_that_outlives_the_revocation_is_told_of(tmp_path: Path) -> None:
    own = retold_connector(tmp_path / "own", {})
    file = own / "connectors" / "sandbox.yaml"
    declared = yaml.safe_load(file.read_text(encoding="utf-8"))
    declared["oauth"]["revocation_spares_access_token"] = True
    file.write_text(yaml.safe_dump(declared), encoding="utf-8")
    async with practice(tmp_path, connector_path=own) as world:
        account = await world.connect()
        held = world.app.desk.grants.load(account.grant_key)
        assert held is not None

        assert (await end_all(world.app))["acme"].access_token_until == held.grant.expires_at


async def test_a_rehearsal_sends_nothing_and_changes_nothing(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        account = await world.connect()
        before = (world.app.accounts.get(account.key), world.app.desk.grants.of_account(account.key))
        asked = dict(world.sandbox.count.token_requests)

        [plan] = world.app.panic.rehearse()

        assert (plan.outcome, plan.endpoint, len(plan.held)) == ("ok", f"{world.url}/revoke", 1)
        assert before == (world.app.accounts.get(account.key), world.app.desk.grants.of_account(account.key))
        assert (world.sandbox.count.revocations, world.sandbox.count.token_requests) == (0, asked)


async def test_a_rehearsal_finds_a_token_that_does_not_open(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        await world.connect("acme", "anna")
        await world.connect("home", "bert")
        spoil = "UPDATE stored_grant SET refresh_token = zeroblob(64) WHERE account_id = (SELECT id FROM %s)"
        first = "connected_account WHERE alias = 'acme'"
        with world.app.vault.database.engine.connect() as connection:
            connection.exec_driver_sql(spoil % first)
            connection.commit()

        plans = {plan.account.alias: plan for plan in world.app.panic.rehearse()}
        receipts = await end_all(world.app)

        assert {alias: plan.outcome for alias, plan in plans.items()} == {"acme": "failed", "home": "ok"}
        assert {alias: receipt.outcome for alias, receipt in receipts.items()} == {"acme": "failed", "home": "ok"}
        assert receipts["acme"].why == "its tokens cannot be opened"


async def test_all_accounts_are_stopped_before_the_first_is_revoked(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        for person in PEOPLE:
            await world.connect(person, person)
        seen: list[set[str]] = []

        await world.app.panic.end_all(lambda _: seen.append(set(states(world.app).values())), shred_failed=False)

        assert seen[0] == {"revoked"}


async def test_a_running_server_neither_uses_nor_renews_what_is_to_be_ended(tmp_path: Path) -> None:
    async with practice(tmp_path) as world, another(tmp_path, world.clock) as panicking:
        account = await world.connect()
        world.sandbox.faults.add(down())

        assert (await end_all(panicking))["acme"].kept

        assert isinstance(await world.search(account), ReauthRequired)
        world.clock.advance(7200)
        await world.app.schedule.tick()
        assert isinstance(await world.search(account), ReauthRequired)
        assert "refresh_token" not in world.sandbox.count.token_requests
        assert world.sandbox.count.api_ok == 1, "the look-up of the consent and nothing since"


class Held(ManualClock):
    """A provider's clock whose waits end when the test says so."""

    def __init__(self) -> None:
        super().__init__(START)
        self.waiting, self.go_on = threading.Event(), threading.Event()

    @override
    async def sleep(self, seconds: float) -> None:
        self.waiting.set()
        await asyncio.to_thread(self.go_on.wait, 60)


class Polling(From):
    """The clock of a process that waits for a lock; says when it does."""

    def __init__(self, polls: asyncio.Event) -> None:
        super().__init__(START, SystemClock())
        self._polls = polls

    @override
    async def sleep(self, seconds: float) -> None:
        self._polls.set()
        await super().sleep(seconds)


async def test_a_renewal_under_way_is_waited_for_and_its_tokens_are_revoked(tmp_path: Path) -> None:
    clock, polls = Held(), asyncio.Event()
    provider = sandbox(clock)
    async with (
        practice(tmp_path, provider=provider) as world,
        another(tmp_path, Polling(polls)) as panicking,
    ):
        account = await world.connect()
        provider.faults.add(Fault(kind=FaultKind.DELAY_RESPONSE, times=1))
        renewing = asyncio.create_task(world.app.tokens.renew(account.grant_key, newer_than=1))
        assert await asyncio.to_thread(clock.waiting.wait, 60)
        ending = asyncio.create_task(end_all(panicking))
        at_the_lock = asyncio.create_task(polls.wait())
        await asyncio.wait([at_the_lock, ending], return_when=asyncio.FIRST_COMPLETED)
        assert (provider.count.revocations, ending.done(), states(world.app)) == (0, False, {"acme": "revoked"})

        clock.go_on.set()
        receipts = await ending
        await asyncio.gather(renewing, return_exceptions=True)

        assert (provider.count.refreshes, provider.count.revocations, provider.count.grants_dead) == (1, 1, 1)
        assert (receipts["acme"].outcome, states(world.app)) == ("ok", {})


async def test_a_renewal_that_comes_later_finds_nothing_to_renew(tmp_path: Path) -> None:
    async with practice(tmp_path) as world, another(tmp_path, world.clock) as panicking:
        account = await world.connect()
        await end_all(panicking)

        with pytest.raises(Refused):
            await world.app.tokens.renew(account.grant_key)

        assert "refresh_token" not in world.sandbox.count.token_requests


async def test_a_success_that_came_late_is_revoked_too(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        account = await world.connect()
        grants = world.app.desk.grants
        held = grants.load(account.grant_key)
        assert held is not None
        successor = Renewed(replace(held.grant, generation=2), account.values, account.scopes_granted)
        for _ in range(2):  # the second finds that the generation has moved
            await grants.commit(held, successor)

        assert (await end_all(world.app))["acme"].outcome == "ok"

        assert world.sandbox.count.revocations == 2


async def test_both_pairs_of_an_account_are_revoked_with_tokens_that_live(tmp_path: Path) -> None:
    async with workspace(tmp_path) as slack:
        await slack.connect()
        slack.clock.advance(LIFE_S)

        [receipt] = (await end_all(slack.app)).values()

        assert (receipt.outcome, receipt.grants, receipt.revoked) == ("ok", 2, 2)
        assert slack.provider.revocations == {"bot": 1, "user": 1}
        assert all(pair.revoked for pair in slack.provider.pairs)


async def test_only_the_tenants_that_are_named_are_ended(tmp_path: Path) -> None:
    async with practice(tmp_path) as world, hosts.token_host() as host:
        await world.connect()
        await fill(world, host.url, 2, tenant="tnt_other")

        receipts = await end_all(world.app, "tnt_other")

        assert set(receipts) == {"alias-0", "alias-1"}
        assert states(world.app) == {"acme": "active"}
        assert set(await end_all(world.app)) == {"acme"}


async def test_many_accounts_are_ended_a_few_at_a_time(tmp_path: Path) -> None:
    async with practice(tmp_path) as world, hosts.token_host() as host:
        await fill(world, host.url, 80)
        host.gate.clear()
        ending = asyncio.create_task(end_all(world.app))
        await host.arrived(IN_FLIGHT)
        host.gate.set()

        receipts = await ending

        assert {receipt.outcome for receipt in receipts.values()} == {"ok"}
        assert (len(receipts), host.served, host.most_in_flight) == (80, 80, IN_FLIGHT)
        assert world.app.panic.all() == []


async def test_what_was_cancelled_is_taken_up_again(tmp_path: Path) -> None:
    async with practice(tmp_path) as world, hosts.token_host() as host:
        await fill(world, host.url, 20)
        done: list[AccountKey] = []
        host.gate.clear()
        ending = asyncio.create_task(
            world.app.panic.end_all(lambda receipt: done.append(receipt.account.key), shred_failed=False)
        )
        await host.arrived(IN_FLIGHT)
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
        host.gate.set()

        assert {account.state for account in world.app.panic.all()} == {"revoked"}
        assert len(world.app.panic.all()) == 20 - len(done)
        receipts = await end_all(world.app)
        assert len(receipts) + len(done) == 20
        assert world.app.panic.all() == []


async def fill(world: Practice, origin: str, number: int, tenant: str = LOCAL_TENANT) -> list[ConnectedAccount]:
    """So many accounts at a token host."""
    connection = hosts.connection(tenant, START)
    settled(world.app.vault, tenant)
    await world.app.connections.put(connection)
    stored = world.app.connections.find(tenant, "sandbox") or connection
    accounts = [hosts.account(stored, each, origin) for each in range(number)]
    for account in accounts:
        await world.app.desk.grants.connect(account, hosts.grant(START, refresh_at=START))
    return accounts
