import asyncio
from datetime import UTC, datetime
from pathlib import Path

from evergrant.demo.victim import Errand, killed
from evergrant.model.account import AccountKey


def test_a_process_that_ends_by_itself_was_not_killed(tmp_path: Path) -> None:
    nobody = AccountKey("tnt_local", "conn_nobody")
    errand = Errand(tmp_path / "vault", tmp_path, datetime(2026, 5, 25, tzinfo=UTC), nobody, "before_commit")
    assert asyncio.run(killed(errand)) is False
