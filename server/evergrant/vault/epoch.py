"""How a database that was restored from a backup is known: its epoch is behind the one that is kept beside the key.

A restored database holds refresh tokens that were spent since. Sent again, they may end a grant that another copy of
the vault, or the provider, takes for living; so grants that rotate wait for a person's word.
"""

from dataclasses import replace

from sqlmodel import Session, select

from evergrant.store.database import Database
from evergrant.store.tables import VaultRow
from evergrant.vault.live_ring import LiveRing

RESTORED = (
    "This vault was restored from a backup. Accounts whose refresh tokens rotate are not renewed until a person runs: "
    "evergrant vault accept-restore"
)


def notice_restore(database: Database, ring: LiveRing) -> None:
    """Mark a database whose epoch is behind its key's as restored; raises StoreUnavailable."""
    if _row(database).epoch < ring.ring.epoch:
        database.write_now(mark_restored)


def is_restored(database: Database, ring: LiveRing) -> bool:
    """Whether rotating grants wait for `accept_restore`; also where the file was exchanged under our hands."""
    row = _row(database)
    return row.restored or row.epoch < ring.ring.epoch


async def advance(database: Database, ring: LiveRing) -> int:
    """Begin another epoch, so that a copy made before is known for one; returns it.

    In the database first: were the process stopped between the two, the database would be ahead, which says nothing.
    A restored database keeps its epoch. Raises StoreUnavailable, KeyUnavailable, SealBroken.
    """
    seen = ring.ring.epoch
    epoch = await database.write(lambda session: _next_epoch(session, seen))
    await ring.change(lambda kept: replace(kept, epoch=max(kept.epoch, epoch)))
    return epoch


async def accept_restore(database: Database, ring: LiveRing) -> bool:
    """Go on with this database; False where there was nothing to accept."""
    beside_the_key = (await ring.read_again()).epoch

    def work(session: Session) -> bool:
        row = session.exec(select(VaultRow)).one()
        was = row.restored or row.epoch < beside_the_key
        row.restored, row.epoch = False, max(row.epoch, beside_the_key)
        session.add(row)
        return was

    accepted = await database.write(work)
    await advance(database, ring)
    return accepted


def mark_restored(session: Session) -> None:
    """Say in the database that it is a restored one."""
    row = session.exec(select(VaultRow)).one()
    row.restored = True
    session.add(row)


def _row(database: Database) -> VaultRow:
    return database.read(lambda session: session.exec(select(VaultRow)).one())


def _next_epoch(session: Session, seen: int) -> int:
    """A database that is behind must not catch up hour by hour: it is a restored one from now on."""
    row = session.exec(select(VaultRow)).one()
    row.restored = row.restored or row.epoch < seen
    row.epoch += not row.restored
    session.add(row)
    return row.epoch
