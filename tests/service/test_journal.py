"""The audit's way to the disk: many lines to a transaction, none lost by trouble, nothing at idle."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest
from anyio.lowlevel import checkpoint
from tests.vault.samples import account, audit_record

from evergrant.model.audit import AuditRecord
from evergrant.service.journal import BATCH, FULL, MOST, Journal
from evergrant.store.database import StoreUnavailable
from evergrant.vault.audit import AuditLog

pytestmark = pytest.mark.anyio


@dataclass
class Disk:
    """Takes lines (`AuditLog.add`), unless it is full; `slow` is waited for at each write."""

    written: list[list[AuditRecord]] = field(default_factory=list[list[AuditRecord]])
    full: bool = False
    slow: asyncio.Event | None = None
    wrote: asyncio.Event = field(default_factory=asyncio.Event)

    async def add(self, records: Sequence[AuditRecord]) -> None:
        if self.slow:
            await self.slow.wait()
        if self.full:
            raise StoreUnavailable("the disk is full")
        self.written.append(list(records))
        self.wrote.set()

    @property
    def order(self) -> list[int]:
        return [record.requests for batch in self.written for record in batch]


def journal(disk: Disk) -> Journal:
    return Journal(cast("AuditLog", disk))


def line(number: int) -> AuditRecord:
    record = audit_record(account())
    return AuditRecord(tenant_id="tnt_a", at=record.at, kind="call", outcome="ok", requests=number)


async def test_many_lines_are_few_transactions_in_their_order_and_then_nothing_runs() -> None:
    disk = Disk()
    kept = journal(disk)
    tasks = asyncio.all_tasks()
    for number in range(2 * BATCH + 50):
        kept.add(line(number))
    await kept.drain()

    assert disk.order == list(range(2 * BATCH + 50))
    assert len(disk.written) == 3
    assert asyncio.all_tasks() == tasks


async def test_what_comes_during_a_write_waits_for_the_next_one_which_is_not_at_once() -> None:
    disk = Disk(slow=asyncio.Event())
    kept = journal(disk)
    for number in range(BATCH):
        kept.add(line(number))
    await checkpoint()  # the write has begun
    kept.add(line(BATCH))
    assert disk.slow
    disk.slow.set()
    await asyncio.wait_for(disk.wrote.wait(), 5)
    await checkpoint()
    await checkpoint()

    assert (len(disk.written), len(kept)) == (1, 1)
    await kept.drain()
    assert disk.order == list(range(BATCH + 1))


async def test_a_line_alone_is_written_soon_without_anyone_asking() -> None:
    disk = Disk()
    kept = journal(disk)
    kept.add(line(1))
    await asyncio.wait_for(disk.wrote.wait(), 5)

    assert disk.order == [1]


async def test_what_the_disk_does_not_take_is_kept_and_written_later_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = Disk(full=True)
    kept = journal(disk)
    with caplog.at_level(logging.WARNING, "evergrant.audit"):
        for number in range(BATCH):
            kept.add(line(number))
        for number in range(BATCH, 2 * BATCH):
            await checkpoint()  # the write fails meanwhile
            kept.add(line(number))
        assert (len(kept), kept.lost, kept.failures) == (2 * BATCH, 0, 1)
        disk.full = False
        await kept.drain()

    assert disk.order == list(range(2 * BATCH))
    assert [record.getMessage() for record in caplog.records] == [
        "the audit cannot be written now, and is kept for later: the disk is full"
    ]


async def test_of_more_than_can_be_kept_the_oldest_are_given_up_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    disk = Disk(full=True)
    kept = journal(disk)
    for number in range(MOST + 3):
        kept.add(line(number))
    assert (len(kept), kept.lost) == (MOST, 3)
    disk.full = False
    await kept.drain()

    assert disk.order == list(range(3, MOST + 3))
    assert "3 lines" not in caplog.text  # one by one, as they go
    assert caplog.text.count("were lost") == 3


async def test_a_call_waits_for_a_disk_that_is_behind_and_not_for_one_that_fails() -> None:
    disk = Disk(slow=asyncio.Event())
    kept = journal(disk)
    for number in range(FULL + BATCH):
        kept.add(line(number))
    waiting = asyncio.create_task(kept.room())
    await checkpoint()
    await checkpoint()
    assert not waiting.done()
    assert disk.slow
    disk.slow.set()
    await waiting
    assert len(disk.order) == FULL + BATCH

    disk.full = True
    for number in range(FULL + BATCH):
        kept.add(line(number))
    await asyncio.wait_for(kept.room(), 5)
    assert len(kept) > FULL
    disk.full = False
    await kept.drain()


async def test_what_cannot_be_written_at_the_end_is_given_up_aloud(caplog: pytest.LogCaptureFixture) -> None:
    kept = journal(Disk(full=True))
    kept.add(line(1))
    await kept.drain()

    assert (len(kept), kept.lost) == (0, 1)
    assert "1 lines of the audit were lost" in caplog.text
