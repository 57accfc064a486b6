"""A new key for the vault: nothing is lost, wherever it is stopped and whoever works meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import cast

import pytest
from sqlmodel import Session, select
from tests.fakes.consent import approve
from tests.fakes.forks import forks
from tests.fakes.practice import add_client, sandbox, surroundings
from tests.vault.filled import fill as fill_every_column
from tests.vault.refreshing import Worked, call_until_told
from tests.vault.rotating import fill, killed_at, rotate, unreadable
from tests.vault.samples import account, grant, renewed

from evergrant.app import App, open_app
from evergrant.model.account import GrantKey
from evergrant.model.clock import SystemClock
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.behaviour import Behaviour, Rotation
from evergrant.sandbox.run import running
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.store.tables import DataKeyRow
from evergrant.vault.grants import Grants
from evergrant.vault.rotation import BATCH, RotationUnderWay, one_at_a_time, rotation
from evergrant.vault.seal import SealBroken
from evergrant.vault.vault import Vault
from evergrant.vault.verify import check

pytestmark = pytest.mark.anyio
Opened = Callable[[], Vault]
KEY = account().grant_key
ACCOUNTS = 10_000


def versions(vault: Vault) -> set[int]:
    """Under which versions the data keys are."""
    return set(vault.database.read(lambda session: session.exec(select(DataKeyRow.vault_key)).all()))


def broken(vault: Vault) -> list[object]:
    return [fault for checked in check(vault) for fault in checked.broken]


async def test_everything_opens_under_the_new_key_and_the_former_one_is_gone(opened: Opened) -> None:
    vault = opened()
    await fill_every_column(vault)
    bearer, former = vault.ring.ring.bearer, vault.ring.ring.key
    assert [progress.left for progress in await rotate(vault)] == [0, 0]
    again = opened()
    assert (versions(again), list(again.ring.ring.keys), broken(again)) == ({2}, [2], [])
    assert again.ring.ring.bearer == bearer
    assert former not in again.ring.ring.keys.values()


async def test_a_process_that_knew_only_the_former_key_goes_on(opened: Opened) -> None:
    vault, other = opened(), opened()
    grants = Grants(other.database, other.data_keys)
    await grants.connect(account(1), grant())
    held = grants.load(KEY)
    assert held is not None
    for _ in range(3):
        await rotate(vault)
    assert await grants.commit(held, renewed())
    await grants.connect(account(2), grant())
    assert (versions(other), broken(opened())) == ({4}, [])


async def test_two_rotations_at_once_are_one(opened: Opened) -> None:
    vault = opened()
    with one_at_a_time(opened()), pytest.raises(RotationUnderWay):
        await rotate(vault)
    await rotate(vault)


@pytest.mark.parametrize("point", ["key_added", "key_used", "batch", "key_dropped"])
async def test_a_rotation_that_is_stopped_goes_on_where_it_was(opened: Opened, point: str) -> None:
    class Stopped(Exception):
        pass

    def stop(name: str) -> None:
        if name == point:
            raise Stopped

    vault = opened()
    await fill_every_column(vault)
    with pytest.raises(Stopped):
        async for _ in rotation(vault, stop).run():
            pass
    assert broken(opened()) == []
    last = (await rotate(opened()))[-1]
    assert (last.version, last.left) == (3 if point == "key_dropped" else 2, 0)
    assert (versions(vault), broken(opened())) == ({last.version}, [])


async def test_a_data_key_that_does_not_open_stops_the_rotation_with_its_name_and_the_former_key_stays(
    opened: Opened,
) -> None:
    vault = opened()
    await fill_every_column(vault)

    def spoil(session: Session) -> None:
        row = session.get_one(DataKeyRow, ("tnt_b", "conn_2"))
        row.wrapped = row.wrapped[:-1] + bytes([row.wrapped[-1] ^ 1])

    await vault.database.write(spoil)
    with pytest.raises(SealBroken, match=r"conn_2 .*evergrant vault verify"):
        await rotate(vault)
    assert list(opened().ring.ring.keys) == [1, 2]


async def test_ten_thousand_accounts_survive_a_kill_at_every_step_and_every_batch(opened: Opened, folder: Path) -> None:
    vault, server = opened(), forks()
    fill(vault, ACCOUNTS)
    seen = set[bytes]()
    assert unreadable(vault, seen) == 0
    points = ["key_added", "key_used", *["batch"] * (ACCOUNTS // BATCH), "key_dropped"]
    for point in points:
        assert await asyncio.to_thread(killed_at, server, folder, point) == -9, point
        await vault.ring.read_again()
        assert unreadable(vault, seen) == 0
    assert (versions(vault), list((await vault.ring.read_again()).keys)) == ({2}, [2])
    assert broken(vault) == []


async def test_six_processes_that_refresh_lose_nothing_to_three_rotations(tmp_path: Path) -> None:
    clock = SystemClock()
    provider = sandbox(clock, Behaviour(rotation=Rotation.STRICT_FAMILY))
    with running(provider) as url:
        async with open_app(Settings(home=tmp_path, key_source="file"), surroundings(clock)) as app:
            await add_client(app)
            accounts = [await _connected(app, url, f"account-{number}") for number in range(6)]
            found = await _while_six_work(tmp_path, accounts, app)
            await app.tokens.drain()
            faults = broken(app.vault)

    total = sum((worked.outcomes for worked in found), Counter[str]())
    assert set(total) == {"result"}
    assert provider.count.refreshes > len(accounts)
    assert (provider.count.grants_dead, provider.count.spent_presented) == (0, 0)
    assert {worked.key_versions[-1] for worked in found} == {4}
    assert (len({worked.process for worked in found}), faults) == (6, [])


async def _connected(app: App, url: str, alias: str) -> str:
    begun = await app.connect.begin(LOCAL_TENANT, "sandbox", alias, {"origin": url})
    return (await app.consent.finish(parse_redirect(await approve(begun.url, alias)))).id


async def _while_six_work(home: Path, accounts: list[str], app: App) -> list[Worked]:
    """Rotate three times while six processes call, with three exchanges or more after each rotation."""
    server, ends = forks(), list[object]()
    pipes = [Pipe() for _ in range(6)]
    processes = [server.Process(target=call_until_told, args=(home, accounts, theirs)) for _, theirs in pipes]
    for process in processes:
        process.start()
    for ours, _ in pipes:
        assert await asyncio.to_thread(ours.recv) == "ready"
    for _ in range(3):
        before = _generations(app, accounts)
        await rotate(app.vault)
        while _generations(app, accounts) < before + 3:
            await SystemClock().sleep(0.05)
    for ours, _ in pipes:
        ours.send("stop")
    for ours, _ in pipes:
        ends.append(await asyncio.to_thread(ours.recv))
    for process in processes:
        process.join(60)
    return cast("list[Worked]", ends)


def _generations(app: App, accounts: list[str]) -> int:
    return sum(app.tokens.generation(GrantKey(LOCAL_TENANT, one)) for one in accounts)
