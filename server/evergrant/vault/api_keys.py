"""API keys by tenant. Of what is borne only a SHA-256 is stored: 256 random bits need no slow hash."""

from typing import cast

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from evergrant.model.api_key import ApiKey
from evergrant.model.policy import Policy
from evergrant.store.database import Database
from evergrant.store.lookup import Lookup
from evergrant.store.tables import ApiKeyRow, TenantRow


class ApiKeys:
    """The keys that a tenant has given out."""

    def __init__(self, database: Database) -> None:
        self._database = database
        borne = select(ApiKeyRow).where(col(ApiKeyRow.digest) == bindparam("digest"))
        self._borne = Lookup[tuple[ApiKeyRow]](database, borne, ApiKeyRow)

    async def add(self, key: ApiKey, digest: str) -> bool:
        """Store a new key, by the digest of what is borne; False where its tenant is not there, or is being removed.

        Told in the same transaction: a key that came a moment later would let its bearer in for ever.
        """

        def work(session: Session) -> bool:
            tenant = session.get(TenantRow, key.tenant_id)
            if tenant is None or tenant.ends:
                return False
            session.add(_row(key, digest))
            return True

        return await self._database.write(work)

    def all(self, tenant_id: str) -> list[ApiKey]:
        """The tenant's keys, the oldest first."""
        wanted = select(ApiKeyRow).where(col(ApiKeyRow.tenant_id) == tenant_id).order_by(col(ApiKeyRow.id))
        return self._database.read(lambda session: [_key(row) for row in session.exec(wanted)])

    def after(self, tenant_id: str, key_id: str | None, limit: int) -> list[ApiKey]:
        """So many of the tenant's keys at most, the oldest first, that come after one of them."""
        wanted = select(ApiKeyRow).where(col(ApiKeyRow.tenant_id) == tenant_id, col(ApiKeyRow.id) > (key_id or ""))
        wanted = wanted.order_by(col(ApiKeyRow.id)).limit(limit)
        return self._database.read(lambda session: [_key(row) for row in session.exec(wanted)])

    def of_digest(self, digest: str) -> ApiKey | None:
        """The key of whatever tenant that has this digest: who bears it says which tenant he is of."""
        found = self._borne.first({"digest": digest})
        return _key(found[0]) if found else None

    async def remove(self, tenant_id: str, key_id: str) -> bool:
        """Whether there was one to end; it is good for nothing from then on."""

        def work(session: Session) -> bool:
            row = session.get(ApiKeyRow, (tenant_id, key_id))
            if row is not None:
                session.delete(row)
            return row is not None

        return await self._database.write(work)


def _row(key: ApiKey, digest: str) -> ApiKeyRow:
    return ApiKeyRow(
        tenant_id=key.tenant_id,
        id=key.id,
        digest=digest,
        name=key.name,
        accounts=None if key.accounts is None else list(key.accounts),
        tools=list(key.tools),
        toolsets=list(key.toolsets),
        policy=key.policy,
        operator=key.operator,
        created_at=key.created_at,
        expires_at=key.expires_at,
    )


def _key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        accounts=None if row.accounts is None else tuple(row.accounts),
        tools=tuple(row.tools),
        toolsets=tuple(row.toolsets),
        policy=cast("Policy | None", row.policy),
        operator=row.operator,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
