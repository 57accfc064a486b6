"""Results that were too large to be given whole: sealed with the account's data key, a few of each, not for long."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from evergrant.model.account import AccountKey
from evergrant.model.kept_result import KeptResult
from evergrant.model.outcome import Result
from evergrant.model.outcome_text import from_text, to_text
from evergrant.model.secret import Secret
from evergrant.store.database import Database
from evergrant.store.tables import AccountRow, KeptResultRow
from evergrant.vault.data_keys import DataKeys, Owner

KEPT = timedelta(hours=1)
MOST_KEPT = 50
"""Results of one account that are kept at one time: the oldest makes room."""
LARGEST_KEPT, MOST_CHARACTERS = 16 << 20, 64 << 20
"""Characters of one result as JSON, and of all that are kept of an account."""
CONTENT = "content"


class KeptResults:
    """Kept results by tenant; methods raise StoreUnavailable, SealBroken."""

    def __init__(self, database: Database, keys: DataKeys) -> None:
        self._database = database
        self._keys = keys

    async def add(self, kept: KeptResult) -> bool:
        """Keep it, in the place of the oldest ones where there are too many; False where it is too large or its account
        is gone or blocked: what is under way when grants are ended leaves nothing behind."""
        text = to_text(kept.result)
        if len(text) > LARGEST_KEPT:
            return False

        def work(session: Session) -> bool:
            account = session.get(AccountRow, tuple(kept.account_key))
            if account is None or account.state == "revoked":
                return False
            _make_room(session, kept.account_key, len(text))
            sealed = self._keys.of(session, _owner(account)).seal(Secret(text), kept.id, CONTENT)
            session.add(_row(kept, sealed, len(text)))
            return True

        return await self._database.write(work)

    def get(self, tenant_id: str, result_id: str, now: datetime) -> KeptResult | None:
        """The tenant's result of that id, unless its time is over."""

        def work(session: Session) -> KeptResult | None:
            row = session.get(KeptResultRow, (tenant_id, result_id))
            if row is None or row.expires_at <= now:
                return None
            account = session.get(AccountRow, (row.tenant_id, row.account_id))
            return self._opened(session, row, account) if account else None

        return self._database.read(work)

    async def expire(self, now: datetime) -> None:
        """Forget the results, of all tenants, whose time is over."""
        over = col(KeptResultRow.expires_at) <= now
        if self._database.read(lambda session: session.exec(select(KeptResultRow.id).where(over)).first()):
            await self._database.write(lambda session: session.exec(delete(KeptResultRow).where(over)))

    def _opened(self, session: Session, row: KeptResultRow, account: AccountRow) -> KeptResult | None:
        text = self._keys.of(session, _owner(account)).open(row.content, row.id, CONTENT).reveal()
        outcome = from_text(text)
        if not isinstance(outcome, Result):
            return None
        return KeptResult(row.id, row.tenant_id, row.tool_name, row.created_at, row.expires_at, outcome)


def _make_room(session: Session, key: AccountKey, size: int) -> None:
    row = KeptResultRow
    mine = (col(row.tenant_id) == key.tenant_id, col(row.account_id) == key.account_id)
    kept, characters = 1, size
    for result_id, its_size in session.exec(select(row.id, row.size).where(*mine).order_by(col(row.id).desc())).all():
        kept, characters = kept + 1, characters + its_size
        if kept > MOST_KEPT or characters > MOST_CHARACTERS:
            session.exec(delete(row).where(*mine, col(row.id) <= result_id))
            return


def _owner(account: AccountRow) -> Owner:
    return Owner(account.tenant_id, account.id, account.connector)


def _row(kept: KeptResult, content: bytes, size: int) -> KeptResultRow:
    return KeptResultRow(
        tenant_id=kept.tenant_id,
        id=kept.id,
        account_id=kept.result.account,
        tool_name=kept.tool_name,
        content=content,
        size=size,
        created_at=kept.created_at,
        expires_at=kept.expires_at,
    )
