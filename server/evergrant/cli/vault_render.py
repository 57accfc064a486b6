"""What `evergrant vault` says, as text and as JSON."""

from collections import Counter
from collections.abc import Sequence

from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json
from evergrant.vault.shred import Shredded
from evergrant.vault.standing import VaultStanding
from evergrant.vault.verify import Broken, Checked

MOST_NAMED = 20
OUT_OF_REACH = (
    "Not reached: backups made before (shred them, or rotate the key and forget the exports of the former one), the\n"
    "blocks that a disk or an SSD has put aside, and the memory of processes that run."
)


def standing_json(standing: VaultStanding) -> dict[str, Json]:
    """For a program."""
    return {
        "id": standing.id,
        "file": str(standing.file),
        "journal": standing.journal,
        "sqlite": standing.sqlite,
        "key": standing.key,
        "key_versions": list(standing.key_versions),
        "current_key_version": standing.current,
        "data_keys": {str(version): number for version, number in standing.data_keys.items()},
        "rotation_unfinished": standing.rotation_unfinished,
        "epoch": standing.epoch,
        "epoch_beside_key": standing.epoch_beside_key,
        "restored": standing.restored,
        "bytes": dict(standing.bytes),
        "spool_waiting": standing.spool_waiting,
    }


def standing_text(standing: VaultStanding) -> str:
    """For a person."""
    keys = ", ".join(f"{number} under version {version}" for version, number in standing.data_keys.items())
    versions = ", ".join(str(version) for version in standing.key_versions)
    sizes = ", ".join(f"{name} {size:,} bytes" for name, size in standing.bytes.items())
    lines = [
        f"vault      {standing.id}",
        f"file       {standing.file}",
        f"sqlite     {standing.sqlite}, journal {standing.journal}",
        f"key        {standing.key}; version {versions}",
        f"data keys  {keys or 'none yet'}",
        f"epoch      {standing.epoch} here, {standing.epoch_beside_key} beside the key",
        f"sizes      {sizes}",
        f"spool      {standing.spool_waiting} waiting",
    ]
    if standing.rotation_unfinished:
        lines.append("A rotation of the key was not finished. Finish it: evergrant vault rotate-key")
    if standing.restored:
        lines.append("Restored from a backup and not accepted yet: evergrant vault accept-restore")
    return "\n".join(lines)


def checked_json(checked: Sequence[Checked], faults: Sequence[str]) -> dict[str, Json]:
    """For a program; every broken value is named."""
    return {
        "ok": not faults and not _broken(checked),
        "tables": {table: {"ok": ok, "broken": broken} for table, (ok, broken) in _counted(checked).items()},
        "broken": [
            {"table": one.table, "row": list(one.row), "field": one.field, "why": one.why} for one in _broken(checked)
        ],
        "integrity": list(faults),
    }


def checked_text(checked: Sequence[Checked], faults: Sequence[str]) -> str:
    """For a person; the first broken values are named."""
    broken = _broken(checked)
    lines = [f"{table:<18} {ok} ok, {bad} broken" for table, (ok, bad) in _counted(checked).items()]
    lines += [f"broken: {one.table} {'/'.join(one.row)} {one.field}: {one.why}" for one in broken[:MOST_NAMED]]
    lines += [f"... and {len(broken) - MOST_NAMED} more"] if len(broken) > MOST_NAMED else []
    lines += [f"integrity: {fault}" for fault in faults]
    if broken or faults:
        lines.append("Reconnect the accounts named (evergrant reauth), or restore a backup: evergrant vault restore")
    else:
        lines.append("Everything opens, and the file is sound.")
    return "\n".join(lines)


def _broken(checked: Sequence[Checked]) -> list[Broken]:
    return [fault for one in checked for fault in one.broken]


def _counted(checked: Sequence[Checked]) -> dict[str, tuple[int, int]]:
    """By table: how many sealed values open, and how many do not."""
    ok, broken = Counter[str](), Counter[str]()
    for one in checked:
        ok[one.table] += one.ok
        broken[one.table] += len(one.broken)
    return {table: (ok[table], broken[table]) for table in ok}


def shredded_json(account: ConnectedAccount, shredded: Shredded) -> dict[str, Json]:
    """For a program."""
    return {
        "id": account.id,
        "alias": account.alias,
        "values_shredded": shredded.values,
        "spool_entries_shredded": shredded.spool_entries,
        "log_emptied": shredded.log_emptied,
        "residue": shredded.residue,
        "revoked_at_provider": False,
    }


def shredded_text(account: ConnectedAccount, shredded: Shredded) -> str:
    """For a person."""
    lines = [
        f"{account.alias!r}: its data key and its rows are gone. Of {shredded.values} sealed values, the vault's files "
        f"still hold {shredded.residue} pieces.",
        f"Its grant lives on at {account.connector}: end it there in your account settings. (`evergrant revoke` would "
        "have ended it there first.)",
        OUT_OF_REACH,
    ]
    if not shredded.log_emptied:
        lines.insert(1, "A process that reads kept the write-ahead log from being cut. It goes when the last one ends.")
    return "\n".join(lines)
