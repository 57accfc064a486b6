"""Rotations in processes of their own, which kill themselves at a fail point; vaults of many accounts."""

import asyncio
import os
import signal
from multiprocessing.context import ForkServerContext
from pathlib import Path

from sqlalchemy import insert, text
from sqlmodel import SQLModel
from tests.vault.samples import START, account

from evergrant.model.account import DEFAULT_CREDENTIAL
from evergrant.model.clock import SystemClock
from evergrant.model.secret import Secret
from evergrant.store.tables import AccountRow, DataKeyRow, GrantRow
from evergrant.vault.accounts import account_row
from evergrant.vault.data_keys import FIELD, Owner, vault_key_id
from evergrant.vault.rotation import Progress, one_at_a_time, rotation
from evergrant.vault.seal import KEY_ID_LENGTH, KEY_LENGTH, SealBroken, Sealer
from evergrant.vault.vault import Vault, open_vault

Row = dict[str, object]
OF = account()
ACCOUNT: Row = account_row(OF).model_dump()
GRANT: Row = GrantRow(
    tenant_id=OF.tenant_id,
    account_id=OF.id,
    credential=DEFAULT_CREDENTIAL,
    generation=1,
    access_token=b"",
    issued_at=START,
    consented_at=START,
).model_dump()


def fill(vault: Vault, accounts: int) -> None:
    """Accounts with real sealed rows, put in by the statement."""
    made = [_rows(vault, f"conn_{number}") for number in range(accounts)]
    tables: tuple[type[SQLModel], ...] = (AccountRow, DataKeyRow, GrantRow)
    for place, table in enumerate(tables):
        _insert(vault, table, [rows[place] for rows in made])


def _insert(vault: Vault, table: type[SQLModel], rows: list[Row]) -> None:
    vault.database.write_now(lambda session: session.connection().execute(insert(table), rows))


def _rows(vault: Vault, account_id: str) -> tuple[Row, Row, Row]:
    """The rows of an account, of its data key and of its grant."""
    owner, version = Owner(OF.tenant_id, account_id, OF.connector), vault.ring.ring.current
    key, key_id = os.urandom(KEY_LENGTH), os.urandom(KEY_ID_LENGTH)
    wrapped = _sealer(vault, version).wrap(key, FIELD, *owner, key_id.hex())
    fields = Sealer(key, vault.id, key_id)

    def sealed(name: str) -> bytes:
        return fields.seal(Secret(f"{name} of {account_id}"), *owner, DEFAULT_CREDENTIAL, name, 1)

    grant = {"account_id": account_id, **{name: sealed(name) for name in ("access_token", "refresh_token")}}
    data_key = {"owner_id": account_id, "key_id": key_id, "vault_key": version, "wrapped": wrapped}
    return (
        {**ACCOUNT, **dict.fromkeys(("id", "alias", "subject"), account_id)},
        {"tenant_id": OF.tenant_id, "connector": OF.connector, **data_key},
        {**GRANT, **grant},
    )


def unreadable(vault: Vault, seen: set[bytes]) -> int:
    """How many data keys do not open, and with them all that they seal; those that were `seen` to open do.

    What is wrapped under a version that the ring has no more does not.
    """
    query = text("SELECT tenant_id, owner_id, connector, key_id, vault_key, wrapped FROM data_key")
    sealers = {version: _sealer(vault, version) for version in vault.ring.ring.keys}
    rows = vault.database.read(lambda session: session.connection().execute(query).all())
    broken = 0
    for tenant_id, owner_id, connector, key_id, version, wrapped in rows:
        if version in sealers and wrapped in seen:
            continue
        try:
            sealers[version].unwrap(wrapped, FIELD, tenant_id, owner_id, connector, key_id.hex())
            seen.add(wrapped)
        except (SealBroken, KeyError):
            broken += 1
    return broken


def _sealer(vault: Vault, version: int) -> Sealer:
    return Sealer(vault.ring.key(version), vault.id, vault_key_id(version))


async def rotate(vault: Vault) -> list[Progress]:
    """Rotate to the end."""
    with one_at_a_time(vault):
        return [progress async for progress in rotation(vault).run()]


def killed_at(server: ForkServerContext, folder: Path, point: str) -> int | None:
    """Let a process rotate, and kill itself at the first such fail point; its exit code, -9 if it got there."""
    victim = server.Process(target=_rotate_and_die, args=(folder, point))
    victim.start()
    victim.join(60)
    return victim.exitcode


def _rotate_and_die(folder: Path, point: str) -> None:
    def die(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    async def work(vault: Vault) -> None:
        with one_at_a_time(vault):
            async for _ in rotation(vault, die).run():
                pass

    vault = open_vault(folder, "file", lambda: None, SystemClock())
    asyncio.run(work(vault))
    vault.close()
