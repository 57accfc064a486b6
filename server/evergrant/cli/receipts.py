"""Receipts of `evergrant revoke --all`: on disk as they come, and shown at the end."""

import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from evergrant.cli.output import Output, cells, plain, table
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json
from evergrant.service.revoking import Plan, Receipt

AGAIN = "evergrant revoke --all --at-provider"


class ReceiptFile:
    """JSON lines, readable by the owner only; each is on disk before the account that it tells of is gone here."""

    def __init__(self, path: Path) -> None:
        """Goes on behind the lines that are there; raises OSError."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise OSError(f"{path} is not a plain file")
        os.fchmod(self._descriptor, 0o600)
        if status.st_size and os.pread(self._descriptor, 1, status.st_size - 1) != b"\n":
            os.write(self._descriptor, b"\n")  # a line that a crash has torn stays alone
        _sync_folder(path.absolute().parent)

    def add(self, line: Mapping[str, Json]) -> None:
        """Returns once the line is on disk; raises OSError."""
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")
        os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass
class Book:
    """The receipts of one run; tells each in passing, and puts it into the file where there is one."""

    out: Output
    file: ReceiptFile | None
    expected: int = 0
    log_emptied: bool = False
    error: str | None = None
    interrupted: bool = False
    _receipts: dict[tuple[str, str], tuple[Receipt, datetime]] = field(
        default_factory=dict[tuple[str, str], tuple[Receipt, datetime]]
    )

    def add(self, receipt: Receipt, now: datetime) -> None:
        """The account's receipt; a later one takes the place of an earlier one."""
        self._receipts[receipt.account.key] = (receipt, now)
        account, done = receipt.account, len(self._receipts)
        why = f": {receipt.why}" if receipt.why else ""
        total = max(self.expected, done)
        self._write(receipt_json(receipt, now))
        self.out.say(plain(f"{done}/{total} {receipt.outcome} {account.alias} ({account.connector}){why}"))

    def _write(self, line: Mapping[str, Json]) -> None:
        if self.file is None:
            return
        try:
            self.file.add(line)
        except OSError as error:
            # The grants come first; what the file lacks is shown at the end.
            self.out.tell(f"The receipts can no longer be written: {error}. The revocations go on.")
            self.file = None

    @property
    def receipts(self) -> list[Receipt]:
        return [receipt for receipt, _ in self._receipts.values()]

    @property
    def left(self) -> int:
        """How many accounts have not had their turn."""
        return max(self.expected - len(self._receipts), 0)

    @property
    def all_ok(self) -> bool:
        whole = not (self.interrupted or self.error or self.left)
        return whole and all(receipt.outcome == "ok" for receipt in self.receipts)

    def as_json(self) -> dict[str, Json]:
        outcomes = [receipt.outcome for receipt in self.receipts]
        return {
            "receipts": [receipt_json(receipt, at) for receipt, at in self._receipts.values()],
            "ok": outcomes.count("ok"),
            "failed": outcomes.count("failed"),
            "unsupported": outcomes.count("unsupported"),
            "left": self.left,
            "interrupted": self.interrupted,
            "error": self.error,
            "log_emptied": self.log_emptied,
        }

    def as_text(self) -> RenderableType:
        shown = table("outcome", "alias", "service", "who", "grants", "why")
        for one in self.receipts:
            account, grants = one.account, f"{one.revoked} of {one.grants}"
            cell = (one.outcome, account.alias, account.connector, account.label, grants, one.why)
            shown.add_row(*cells(*cell))
        return Group(shown, Text(plain("\n".join(self._remarks()))))

    def _remarks(self) -> list[str]:
        kept = [receipt for receipt in self.receipts if receipt.kept]
        outlived = [receipt for receipt in self.receipts if receipt.access_token_until]
        return [
            *(f"Not ended at {_name(one.account)}; by hand: {one.help}" for one in self.receipts if one.help),
            *(f"{_name(one.account)}: its last access token works until {one.access_token_until}" for one in outlived),
            *([f"{len(kept)} kept here, stopped. Run again: {AGAIN} (or add --shred-failed)"] if kept else []),
            *([f"{self.left} have not had their turn; they are stopped here. Go on: {AGAIN}"] if self.left else []),
            *([] if self.log_emptied else ["The database's log could not be emptied; the next run tries again."]),
            *([self.error] if self.error else []),
        ]


def opened(path: Path | None) -> ReceiptFile | None:
    """The file of that path; raises OSError."""
    return ReceiptFile(path) if path else None


def receipt_json(receipt: Receipt, at: datetime) -> dict[str, Json]:
    """A line of the file."""
    until = receipt.access_token_until
    return {
        **_who(receipt.account),
        "outcome": receipt.outcome,
        "why": receipt.why,
        "grants": receipt.grants,
        "revoked": receipt.revoked,
        "help": receipt.help,
        "access_token_until": until.isoformat() if until else None,
        "kept": receipt.kept,
        "at": at.isoformat(),
    }


def plans_json(plans: Sequence[Plan]) -> dict[str, Json]:
    """What a rehearsal found."""
    return {
        "dry_run": True,
        "accounts": [
            {
                **_who(plan.account),
                "outcome": plan.outcome,
                "why": plan.obstacle.why if plan.obstacle else None,
                "grants": len(plan.held),
                "endpoint": plan.endpoint,
                "help": plan.help,
            }
            for plan in plans
        ],
    }


def plans_text(plans: Sequence[Plan]) -> RenderableType:
    """What a rehearsal found, for a person."""
    shown = table("would be", "alias", "service", "who", "grants", "sent to")
    for plan in plans:
        account, where = plan.account, plan.endpoint or f"nowhere: {plan.obstacle.why if plan.obstacle else ''}"
        cell = (plan.outcome, account.alias, account.connector, account.label, str(len(plan.held)), where)
        shown.add_row(*cells(*cell))
    return Group(shown, Text("A rehearsal: nothing was sent, and nothing was changed."))


def _who(account: ConnectedAccount) -> dict[str, Json]:
    return {
        "id": account.id,
        "tenant_id": account.tenant_id,
        "alias": account.alias,
        "connector": account.connector,
        "identity": account.label,
    }


def _name(account: ConnectedAccount) -> str:
    return f"{account.connector} ({account.alias})"
