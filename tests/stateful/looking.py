"""All that these tests know of the engine's inside: what its vault holds, read by somebody who takes no part."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, select

from evergrant.app import App
from evergrant.model.account import AccountState, ConnectedAccount
from evergrant.model.clock import Clock
from evergrant.model.event import Event
from evergrant.model.outcome import Outcome
from evergrant.settings import LOCAL_TENANT
from evergrant.store.database import Database
from evergrant.store.tables import GrantRow, OrphanRow
from evergrant.vault.accounts import Accounts
from evergrant.vault.data_keys import DataKeys
from evergrant.vault.grants import Grants
from evergrant.vault.held import Rows
from evergrant.vault.outbox import Outbox
from evergrant.vault.seal import Sealer
from evergrant.vault.spool import Spool
from evergrant.vault.vault import database_file, open_vault

MOST_EVENTS = 1000


@dataclass(frozen=True)
class Seen:
    """An account's grant as the vault holds it."""

    state: AccountState
    cause: str | None
    generation: int
    fence: int
    consents: int
    access: str
    refresh: str
    previous: str | None
    expires_at: datetime
    refresh_at: datetime | None
    intent_generation: int | None
    intent_at: datetime | None
    kept: Mapping[str, str] = field(default_factory=dict[str, str])
    """The successes that are kept as an orphan or in the spool: refresh token by access token."""


@dataclass(frozen=True)
class VaultKeys:
    """What opens one vault's rows and its spool."""

    fields: DataKeys
    spool: Sealer


class Looking:
    """Reads the vault in a folder."""

    def __init__(self, folder: Path, keys: VaultKeys, clock: Clock) -> None:
        self._database = Database(database_file(folder))
        self._folder, self._keys, self._clock = folder, keys, clock
        self._grants, self._accounts = Grants(self._database, keys.fields), Accounts(self._database)
        self._spool: Spool | None = None
        self._versions = sqlite3.connect(database_file(folder), check_same_thread=False)
        self._version = -1
        self._seen: Seen | None = None
        self._events: list[Event] = []

    def account(self) -> ConnectedAccount | None:
        """The one account that there is."""
        return next(iter(self._accounts.all(LOCAL_TENANT)), None)

    def seen(self) -> Seen | None:
        """What the vault holds for it now."""
        self._look()
        return replace(self._seen, kept={**self._seen.kept, **self._spooled()}) if self._seen else None

    def events(self) -> list[Event]:
        """All events, in their order."""
        self._look()
        return self._events

    def _look(self) -> None:
        """Read again where anybody has written since."""
        version: int = self._versions.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._version, self._seen = version, self._read()
            self._events = Outbox(self._database).after(LOCAL_TENANT, 0, MOST_EVENTS)

    def _read(self) -> Seen | None:
        account = self.account()
        held = self._grants.load(account.grant_key) if account else None
        if account is None or held is None:
            return None
        row = self._database.read(lambda session: session.exec(select(GrantRow)).one())
        grant = held.grant
        assert grant.refresh_token is not None
        assert grant.expires_at is not None
        return Seen(
            state=held.account.state,
            cause=held.account.cause,
            generation=row.generation,
            fence=row.fence,
            consents=row.consents,
            access=grant.access_token.reveal(),
            refresh=grant.refresh_token.reveal(),
            previous=held.previous.reveal() if held.previous else None,
            expires_at=grant.expires_at,
            refresh_at=grant.refresh_at,
            intent_generation=row.intent_generation,
            intent_at=row.intent_at,
            kept=self._orphans(account),
        )

    def close(self) -> None:
        self._versions.close()
        self._database.close()

    def _orphans(self, account: ConnectedAccount) -> dict[str, str]:
        def work(session: Session) -> dict[str, str]:
            rows = session.exec(select(OrphanRow)).all()
            grants = [
                Rows(self._keys.fields).adopted(session, account.grant_key, row, 0, self._clock.now()) for row in rows
            ]
            return {each.access_token.reveal(): each.refresh_token.reveal() for each in grants if each.refresh_token}

        return self._database.read(work)

    def _spooled(self) -> dict[str, str]:
        if self._spool is None and (self._folder / "spool").exists():
            self._spool = Spool(self._folder / "spool", self._keys.spool)
        grants = [kept.renewed.grant for kept in self._spool.entries()] if self._spool else []
        return {each.access_token.reveal(): each.refresh_token.reveal() for each in grants if each.refresh_token}


def keys_of(folder: Path, clock: Clock) -> VaultKeys:
    """What opens the vault in a folder: its fields, and its spool."""
    vault = open_vault(folder, "file", lambda: None, clock)
    vault.close()
    return VaultKeys(vault.data_keys, vault.spool_sealer)


async def call(app: App, account: ConnectedAccount) -> Outcome:
    """A small read for the account."""
    return await app.executor.execute_tool(account.key, f"{account.connector}_list_rows", {})


def abandon(app: App) -> None:
    """Close the descriptors that a dead process had open to the database; nothing is written."""
    app.vault.close()
