"""The audit in the vault: pages, filters, sealed inputs, and what is forgotten when."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select
from tests.fakes.clock import ManualClock
from tests.fakes.tenants import settled
from tests.vault.conftest import no_keychain
from tests.vault.samples import START, account, audit_record, grant

from evergrant.model.account import ConnectedAccount
from evergrant.model.audit import AuditFilter
from evergrant.store.tables import AuditRow
from evergrant.vault.accounts import Accounts
from evergrant.vault.audit import AuditLog
from evergrant.vault.grants import Grants
from evergrant.vault.shred import shred
from evergrant.vault.vault import Vault, open_vault

pytestmark = pytest.mark.anyio
SAID = {"row": ["what was said"]}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return settled(open_vault(tmp_path / "home", "file", no_keychain, ManualClock(START)))


async def filled(vault: Vault, *of: ConnectedAccount) -> AuditLog:
    """One line a minute, each third one failed, of these accounts in turn; ids are in that order."""
    log, grants = AuditLog(vault.database, vault.data_keys), Grants(vault.database, vault.data_keys)
    for one in of:
        await grants.connect(one, grant())
    outcomes = ("ok", "empty", "rate_limited")
    records = [audit_record(of[number % len(of)], minutes=number, outcome=outcomes[number % 3]) for number in range(12)]
    await log.add(records)
    return log


async def test_pages_follow_one_another_in_either_order_and_leave_nothing_out(vault: Vault) -> None:
    log = await filled(vault, account(1))
    newest = [one.at for one in log.page("tnt_a", AuditFilter(), 100)]
    for oldest_first in (False, True):
        seen, after = list[datetime](), None
        while page := log.page("tnt_a", AuditFilter(), 5, after=after, oldest_first=oldest_first):
            seen += [one.at for one in page]
            after = page[-1].id
        assert seen == (newest[::-1] if oldest_first else newest)
    assert newest == sorted(newest, reverse=True)
    assert len(newest) == 12


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        (AuditFilter(account_id="conn_2"), 6),
        (AuditFilter(connector="hubspot"), 0),
        (AuditFilter(tool="sandbox_append_row", principal="key_1", kind="call"), 12),
        (AuditFilter(outcome="empty"), 4),
        (AuditFilter(failed=True), 4),
        (AuditFilter(since=START + timedelta(minutes=10)), 2),
        (AuditFilter(until=START + timedelta(minutes=10)), 10),
        (AuditFilter(since=datetime(1, 1, 1, tzinfo=UTC)), 12),
        (AuditFilter(until=datetime(9999, 12, 31, tzinfo=UTC)), 12),
        (AuditFilter(since=START + timedelta(minutes=3), until=START + timedelta(minutes=4), failed=True), 0),
    ],
)
async def test_each_filter_narrows_by_its_column_and_times_by_the_id(
    vault: Vault, wanted: AuditFilter, number: int
) -> None:
    log = await filled(vault, account(1), account(2))

    assert len(log.page("tnt_a", wanted, 100)) == number
    assert log.page("tnt_b", wanted, 100) == []


async def test_an_input_is_sealed_read_for_one_line_only_and_not_for_another_tenant(vault: Vault) -> None:
    log = await filled(vault, account(1))
    line = log.page("tnt_a", AuditFilter(), 1)[0]

    assert line.tool_input is None
    assert log.get("tnt_a", line.id) == line
    assert log.tool_input("tnt_a", line.id) == SAID
    assert (log.get("tnt_b", line.id), log.tool_input("tnt_b", line.id)) == (None, None)
    assert b"what was said" not in vault.file.read_bytes()


@pytest.mark.parametrize("way", ["removed", "shredded"])
async def test_with_an_account_go_the_inputs_of_its_calls_and_the_lines_stay(vault: Vault, way: str) -> None:
    log = await filled(vault, account(1), account(2))
    if way == "removed":
        await Accounts(vault.database).remove(account(1).key)
    else:
        assert (await shred(vault, account(1).key)).residue == 0

    rows = vault.database.read(lambda session: session.exec(select(AuditRow)).all())
    kept = {(row.account_id, row.tool_input is not None) for row in rows}
    assert kept == {("conn_1", False), ("conn_2", True)}
    assert len(log.page("tnt_a", AuditFilter(account_id="conn_1"), 100)) == 6


async def test_a_line_of_an_account_that_has_gone_is_written_without_its_input(vault: Vault) -> None:
    log = await filled(vault, account(1))
    await Accounts(vault.database).remove(account(1).key)
    await log.add([audit_record(account(1), record_id="aud_late")])

    assert log.tool_input("tnt_a", "aud_late") is None
    assert log.get("tnt_a", "aud_late")


async def test_old_lines_are_forgotten_a_bounded_number_at_a_time(vault: Vault) -> None:
    log = await filled(vault, account(1))
    limit = START + timedelta(minutes=6)

    assert [await log.prune(limit, 4) for _ in range(3)] == [4, 2, 0]
    assert min(one.at for one in log.page("tnt_a", AuditFilter(), 100)) == limit
