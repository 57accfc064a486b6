"""What a person decides of a kept call: it may run, or it never will."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import update

from evergrant.model.held_call import Approval
from evergrant.store.database import Database
from evergrant.store.tables import HeldCallRow
from evergrant.vault.call_rows import at_end, is_undecided, waits


class Decisions:
    """Decisions by tenant, each made once: of two at once only one is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def approve(self, tenant_id: str, call_id: str, by: str, now: datetime) -> bool:
        """Whether it was waiting for an approval and now has it, for its one run."""
        return await self._decide(tenant_id, call_id, _decision("given", by, now))

    async def refuse(self, tenant_id: str, call_id: str, by: str, now: datetime) -> bool:
        """Whether it was waiting for an approval and will now never run."""
        return await self._decide(tenant_id, call_id, {**_decision("refused", by, now), **at_end("cancelled", now)})

    async def _decide(self, tenant_id: str, call_id: str, values: Mapping[str, object]) -> bool:
        change = update(HeldCallRow).where(*waits(tenant_id, call_id), is_undecided()).values(**values)
        return await self._database.write(lambda session: session.exec(change).rowcount == 1)


def _decision(approval: Approval, by: str, now: datetime) -> dict[str, object]:
    return {"approval": approval, "decided_by": by, "decided_at": now}
