"""What a person decides of a kept call: it may run, or it never will."""

from datetime import datetime

from sqlmodel import Session, update

from evergrant.model.event import approval_decided
from evergrant.model.held_call import Decision
from evergrant.store.database import Database
from evergrant.store.tables import AccountRow, HeldCallRow
from evergrant.vault.accounts import account_of
from evergrant.vault.call_rows import at_end, call_of, is_undecided, waits
from evergrant.vault.outbox import add_event


class Decisions:
    """Decisions by tenant, each made once: of two at once only one is. An event tells of each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def approve(self, tenant_id: str, call_id: str, by: str, now: datetime) -> bool:
        """Whether it was waiting for an approval and now has it, for its one run."""
        return await self._decide(tenant_id, call_id, "given", by, now)

    async def refuse(self, tenant_id: str, call_id: str, by: str, now: datetime) -> bool:
        """Whether it was waiting for an approval and will now never run."""
        return await self._decide(tenant_id, call_id, "refused", by, now)

    async def _decide(self, tenant_id: str, call_id: str, decision: Decision, by: str, now: datetime) -> bool:
        ended = at_end("cancelled", now) if decision == "refused" else {}
        values = {"approval": decision, "decided_by": by, "decided_at": now, **ended}
        change = update(HeldCallRow).where(*waits(tenant_id, call_id), is_undecided()).values(**values)

        def work(session: Session) -> bool:
            if session.exec(change).rowcount == 0:
                return False
            row = session.get_one(HeldCallRow, (tenant_id, call_id))
            if account := session.get(AccountRow, (tenant_id, row.account_id)):
                add_event(session, approval_decided(account_of(account), call_of(row), decision, by, now))
            return True

        return await self._database.write(work)
