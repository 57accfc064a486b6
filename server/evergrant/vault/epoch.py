"""How a database that was restored from a backup is known: its epoch is behind the one that is kept beside the key.

A restored database holds refresh tokens that were spent since. Sent again, they may end a grant that another copy of
the vault, or the provider, takes for living; so grants that rotate wait for a person's word.
"""

from dataclasses import replace

from sqlmodel import Session, select

from evergrant.store.database import Database
from evergrant.store.tables import VaultRow
from evergrant.vault.live_ring import LiveRing


def notice_restore(database: Database, ring: LiveRing) -> None:
    """Mark a database whose epoch is behind its key's as restored; raises StoreUnavailable."""
    if _row(database).epoch < ring.ring.epoch:
        database.write_now(_mark_restored)


def is_restored(database: Database) -> bool:
    """Whether rotating grants wait for `accept_restore`."""
    return _row(database).restored


async def advance(database: Database, ring: LiveRing) -> int:
    """Begin another epoch, so that a copy made before is known for one; returns it.

    In the database first: were the process stopped between the two, the database would be ahead, which says nothing.
    A restored database keeps its epoch. Raises StoreUnavailable, KeyUnavailable, SealBroken.
    """
    epoch = await database.write(_next_epoch)
    ring.change(lambda kept: replace(kept, epoch=max(kept.epoch, epoch)))
    return epoch


async def accept_restore(database: Database, ring: LiveRing) -> bool:
    """Go on with this database; False where there was nothing to accept."""
    beside_the_key = ring.read_again().epoch

    def work(session: Session) -> bool:
        row = session.exec(select(VaultRow)).one()
        was, row.restored = row.restored, False
        row.epoch = max(row.epoch, beside_the_key)
        session.add(row)
        return was

    accepted = await database.write(work)
    await advance(database, ring)
    return accepted


def _row(database: Database) -> VaultRow:
    return database.read(lambda session: session.exec(select(VaultRow)).one())


def _next_epoch(session: Session) -> int:
    row = session.exec(select(VaultRow)).one()
    row.epoch += not row.restored
    session.add(row)
    return row.epoch


def _mark_restored(session: Session) -> None:
    row = session.exec(select(VaultRow)).one()
    row.restored = True
    session.add(row)
