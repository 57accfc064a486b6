"""A ring that several processes change and read: no change is lost, and no event loop waits for a key source."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.clock import ManualClock
from tests.vault.samples import START
from typing_extensions import override

from evergrant.store.locks import FileLock
from evergrant.vault.live_ring import PAUSE_S, LiveRing
from evergrant.vault.ring import KeyRing, KeyUnavailable, new_ring
from evergrant.vault.seal import SealBroken
from evergrant.vault.sources.file import FileStore

pytestmark = pytest.mark.anyio
OTHER = bytes(range(32))


class Watched(FileStore):
    """A key file that notes on which threads it is asked, and that can refuse."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.threads: list[threading.Thread] = []
        self.refusal: str | None = None

    @override
    def read(self) -> KeyRing | None:
        self.threads.append(threading.current_thread())
        if self.refusal:
            raise KeyUnavailable(self.refusal)
        return super().read()

    @override
    def write(self, ring: KeyRing) -> None:
        self.threads.append(threading.current_thread())
        super().write(ring)


@pytest.fixture
def store(tmp_path: Path) -> Watched:
    made = Watched(tmp_path)
    FileStore(tmp_path).write(new_ring())
    return made


@pytest.fixture
def live(store: Watched, tmp_path: Path) -> Callable[[], LiveRing]:
    """The ring as each of several processes has it."""

    def made() -> LiveRing:
        ring = FileStore(tmp_path).read()
        assert ring is not None
        return LiveRing(ring, store, lambda: FileLock(tmp_path / "ring.lock"), ManualClock(START))

    return made


def with_key(version: int) -> Callable[[KeyRing], KeyRing]:
    return lambda ring: replace(ring, keys={**ring.keys, version: OTHER})


def later(ring: KeyRing) -> KeyRing:
    return replace(ring, epoch=ring.epoch + 1)


async def test_of_changes_at_once_none_is_lost(live: Callable[[], LiveRing], store: Watched) -> None:
    rings = [live() for _ in range(4)]
    keys = (rings[number % 4].change(with_key(number)) for number in range(2, 10))
    epochs = (rings[number % 4].change(later) for number in range(8))
    await asyncio.gather(*keys, *epochs)
    kept = store.read()
    assert kept is not None
    assert (sorted(kept.keys), kept.epoch) == (list(range(1, 10)), 8)


async def test_a_key_source_is_asked_off_the_event_loop(live: Callable[[], LiveRing], store: Watched) -> None:
    ring = live()
    await ring.change(later)
    await ring.read_again()
    assert len(store.threads) == 3
    assert threading.main_thread() not in store.threads


async def test_a_key_that_another_process_added_is_found_when_it_is_needed(live: Callable[[], LiveRing]) -> None:
    one, other = live(), live()
    await one.change(with_key(2))
    assert other.key(2) == OTHER


async def test_a_key_that_was_known_stays_known_after_it_was_dropped(live: Callable[[], LiveRing]) -> None:
    one, other = live(), live()
    before = other.key(1)
    await one.change(with_key(2))
    await one.change(lambda ring: replace(ring, keys={2: OTHER}, current=2))
    assert (other.key(2), other.key(1)) == (OTHER, before)
    with pytest.raises(SealBroken, match="version 1"):
        live().key(1)


async def test_a_source_without_the_key_is_asked_again_after_a_pause(
    store: Watched, tmp_path: Path, live: Callable[[], LiveRing]
) -> None:
    clock, kept = ManualClock(START), store.read()
    assert kept is not None
    ring = LiveRing(kept, store, lambda: FileLock(tmp_path / "ring.lock"), clock)
    store.threads.clear()
    store.refusal = "The keychain is locked."
    with pytest.raises(SealBroken, match="locked"):
        ring.key(2)
    with pytest.raises(SealBroken, match="version 2"):
        ring.key(2)
    assert len(store.threads) == 1
    store.refusal = None
    await live().change(with_key(2))
    clock.advance(PAUSE_S)
    assert ring.key(2) == OTHER


async def test_a_key_that_a_person_took_away_is_not_put_back(live: Callable[[], LiveRing], tmp_path: Path) -> None:
    ring = live()
    (tmp_path / "vault.key").unlink()
    with pytest.raises(SealBroken, match="not in its place any more"):
        await ring.change(later)
    assert not (tmp_path / "vault.key").exists()
