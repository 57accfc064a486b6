"""A backup that was put back: noticed, and no rotating grant is exchanged until a person has accepted it."""

import random
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from sqlmodel import col, update
from tests.fakes.clock import ManualClock
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_SECRET, REDIRECT_URI, START, surroundings

from evergrant.app import App, open_app
from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import Outcome, ProviderUnavailable, ReauthRequired, Result
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Behaviour, Client, Rotation
from evergrant.sandbox.run import running
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.store.tables import AccountRow
from evergrant.store.upkeep import faults
from evergrant.vault.copies import CannotCopy, back_up
from evergrant.vault.epoch import accept_restore, advance, is_restored
from evergrant.vault.restore import CannotRestore, Restored, restore
from evergrant.vault.ring import KeyRing, KeyUnavailable, new_ring
from evergrant.vault.sources.file import FileStore
from evergrant.vault.vault import database_file

pytestmark = pytest.mark.anyio
LIFE_S = 1800
STRICT = Client(
    CLIENT_SECRET, (REDIRECT_URI,), behaviour=Behaviour(access_token_ttl=LIFE_S, rotation=Rotation.STRICT_FAMILY)
)
STEADY = Client(CLIENT_SECRET, (REDIRECT_URI,), behaviour=Behaviour(access_token_ttl=LIFE_S, rotation=Rotation.NEVER))


@dataclass
class World:
    """One provider with a service that rotates and one that does not, and a vault that is opened again and again."""

    home: Path
    connectors: Path
    url: str
    sandbox: Sandbox
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[App, None]:
        settings = Settings(home=self.home, key_source="file", connector_path=(self.connectors,))
        async with open_app(settings, surroundings(self.clock)) as app:
            yield app

    async def connect(self, app: App, connector: str, alias: str) -> ConnectedAccount:
        begun = await app.connect.begin(LOCAL_TENANT, connector, alias, {"origin": self.url})
        return await app.consent.finish(parse_redirect(await approve(begun.url, alias)))

    def exchanges(self, connector: str) -> int:
        """How often the service was shown a refresh token."""
        tally = self.sandbox.count.by_client.get(connector)
        return tally.token_requests.get("refresh_token", 0) if tally else 0

    @property
    def backup(self) -> Path:
        return self.home.parent / "backup.db"

    def put_back(self, ring: KeyRing | None = None) -> Restored:
        def ring_of(_vault_id: str) -> KeyRing:
            found = ring or FileStore(self.home).read()
            assert found is not None
            return found

        return restore(self.home, self.backup, ring_of, self.clock.now())


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World, None]:
    clock = ManualClock(START)
    sandbox = Sandbox({"strict": STRICT, "steady": STEADY}, clock=clock, chance=random.Random(1))
    _write_connectors(tmp_path / "own")
    with running(sandbox) as url:
        yield World(tmp_path / "home", tmp_path / "own", url, sandbox, clock)


def _write_connectors(folder: Path) -> None:
    tools = (Path(__file__).parents[2] / "schemas" / "sandbox.yaml").read_text(encoding="utf-8")
    for kind in ("connectors", "schemas"):
        (folder / kind).mkdir(parents=True)
    for name, rotation in (("strict", "always"), ("steady", "never")):
        grant = {"access_token_ttl_s": LIFE_S, "rotation": rotation}
        declared = {"extends": "sandbox", "name": name, "description": "A service.", "grant": grant}
        (folder / "connectors" / f"{name}.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
        (folder / "schemas" / f"{name}.yaml").write_text(tools.replace("sandbox_", f"{name}_"), encoding="utf-8")


@dataclass
class Accounts:
    """Two that rotate, of which one was renewed after the backup, and one that does not."""

    renewed: ConnectedAccount
    untouched: ConnectedAccount
    steady: ConnectedAccount

    @property
    def all(self) -> tuple[ConnectedAccount, ...]:
        return self.renewed, self.untouched, self.steady


async def connected_and_backed_up(world: World) -> Accounts:
    """Backed up, and then the grants rotate on; the vault is closed."""
    async with world.opened() as app:
        for name in ("strict", "steady"):
            secret = Secret(CLIENT_SECRET)
            await app.registry.add(LOCAL_TENANT, name, client_id=name, client_secret=secret, redirect_uri=REDIRECT_URI)
        accounts = Accounts(
            await world.connect(app, "strict", "renewed"),
            await world.connect(app, "strict", "untouched"),
            await world.connect(app, "steady", "steady"),
        )
        back_up(app.vault.file, world.backup, lambda _left, _of: None)
        await advance(app.vault.database, app.vault.ring)
        await app.tokens.renew(accounts.renewed.grant_key, 1)
        assert app.tokens.generation(accounts.renewed.grant_key) == 2
    return accounts


async def call(app: App, account: ConnectedAccount) -> Outcome:
    return await app.executor.execute_tool(account.key, f"{account.connector}_search_contacts", {})


async def test_a_restored_vault_exchanges_nothing_that_rotates_until_it_is_accepted(world: World) -> None:
    accounts = await connected_and_backed_up(world)
    before = world.exchanges("strict")
    done = world.put_back()
    assert done.accounts == 3
    async with world.opened() as app:
        assert is_restored(app.vault.database, app.vault.ring)

        assert [type(await call(app, account)) for account in accounts.all] == [Result] * 3
        world.clock.advance(LIFE_S * 0.95)
        await app.schedule.tick()
        world.clock.advance(LIFE_S * 0.1)
        for _ in range(3):
            await app.schedule.tick()
            world.clock.advance(61)
        outcomes = [await call(app, account) for account in accounts.all]

        assert [type(outcome) for outcome in outcomes] == [ProviderUnavailable, ProviderUnavailable, Result]
        assert "evergrant vault accept-restore" in repr(outcomes[0])
        assert world.exchanges("strict") == before
        assert world.exchanges("steady") > 0

        assert await accept_restore(app.vault.database, app.vault.ring)
        outcomes = [await call(app, account) for account in accounts.all]
        assert [type(outcome) for outcome in outcomes] == [ReauthRequired, Result, Result]
        assert world.exchanges("strict") > before


async def test_after_acceptance_the_tick_renews_again(world: World) -> None:
    accounts = await connected_and_backed_up(world)
    world.put_back()
    async with world.opened() as app:
        world.clock.advance(LIFE_S * 1.1)
        await app.schedule.tick()
        before = world.exchanges("strict")
        await accept_restore(app.vault.database, app.vault.ring)
        world.clock.advance(61)
        await app.schedule.tick()
        assert world.exchanges("strict") == before + 2
        assert isinstance(await call(app, accounts.untouched), Result)


async def test_a_restore_keeps_the_former_database_and_leaves_the_backup_as_it_was(world: World) -> None:
    await connected_and_backed_up(world)
    former, backup = database_file(world.home).read_bytes(), world.backup.read_bytes()
    done = world.put_back()
    assert done.former is not None
    assert (done.former.read_bytes(), world.backup.read_bytes()) == (former, backup)
    assert done.former.name == f"vault.db.before-restore-{START:%Y%m%dT%H%M%SZ}"
    assert {path.stat().st_mode & 0o777 for path in (done.former, database_file(world.home))} == {0o600}
    assert list(world.home.glob(".vault.db.restoring*")) == []
    assert faults(database_file(world.home)) == []


async def test_a_backup_goes_into_a_new_folder_that_has_only_the_key(world: World, tmp_path: Path) -> None:
    accounts = await connected_and_backed_up(world)
    elsewhere = World(tmp_path / "elsewhere", world.connectors, world.url, world.sandbox, world.clock)
    elsewhere.home.mkdir(mode=0o700)
    shutil.copy2(world.home / "vault.key", elsewhere.home)
    assert elsewhere.put_back().former is None
    async with elsewhere.opened() as app:
        assert is_restored(app.vault.database, app.vault.ring)
        assert isinstance(await call(app, accounts.steady), Result)


async def test_what_cannot_take_the_place_of_the_database_changes_nothing(world: World, tmp_path: Path) -> None:
    await connected_and_backed_up(world)
    before = database_file(world.home).read_bytes()
    good = world.backup.read_bytes()
    damaged = bytearray(good)
    damaged[4096 * 3 : 4096 * 4] = bytes(4096)
    other = World(tmp_path / "other", world.connectors, world.url, world.sandbox, world.clock)
    async with other.opened() as app:
        assert app.vault.id
    for content, why in (
        (b"no database " * 400, "not a database"),
        (b"", "not that of a vault"),
        (bytes(damaged), "damaged"),
        (database_file(other.home).read_bytes(), "is of the vault"),
    ):
        world.backup.write_bytes(content)
        with pytest.raises(CannotRestore, match=why):
            world.put_back()
    world.backup.write_bytes(good)
    with pytest.raises(KeyUnavailable, match="not this vault's"):
        world.put_back(new_ring())
    world.backup.unlink()
    with pytest.raises(CannotRestore, match="no file"):
        world.put_back()
    assert database_file(world.home).read_bytes() == before
    assert [path.name for path in world.home.glob("*vault.db*")] == ["vault.db"]


async def test_a_vault_that_is_open_anywhere_is_not_restored(world: World) -> None:
    await connected_and_backed_up(world)
    async with world.opened():
        with pytest.raises(CannotRestore, match="in use"):
            world.put_back()
    world.put_back()


async def test_a_backup_overwrites_nothing_and_is_its_owners_alone(world: World, tmp_path: Path) -> None:
    await connected_and_backed_up(world)
    assert world.backup.stat().st_mode & 0o777 == 0o600
    before = world.backup.read_bytes()
    with pytest.raises(CannotCopy, match="exists already"):
        back_up(database_file(world.home), world.backup, lambda _left, _of: None)
    assert world.backup.read_bytes() == before
    with pytest.raises(CannotCopy, match="cannot be written"):
        back_up(database_file(world.home), tmp_path / "none" / "backup.db", lambda _left, _of: None)


async def test_a_backup_that_fails_leaves_no_file(world: World, tmp_path: Path) -> None:
    await connected_and_backed_up(world)

    def full(_left: int, _of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(database_file(world.home), tmp_path / "other.db", full)
    assert not (tmp_path / "other.db").exists()


async def test_an_account_that_is_put_under_another_services_client_sends_no_secret_anywhere(world: World) -> None:
    accounts = await connected_and_backed_up(world)
    before = world.exchanges("strict"), world.exchanges("steady")
    async with world.opened() as app:
        moved = update(AccountRow).where(col(AccountRow.id) == accounts.untouched.id)
        other = accounts.steady.connection_id
        await app.vault.database.write(lambda session: session.exec(moved.values(connection_id=other)))
        world.clock.advance(LIFE_S * 1.1)
        assert not isinstance(await call(app, accounts.untouched), Result)
    assert (world.exchanges("strict"), world.exchanges("steady")) == before
