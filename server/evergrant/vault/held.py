"""An account with its grant, as the engine works on it, and how the tables keep it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session, col, select

from evergrant.model.account import ConnectedAccount, GrantKey
from evergrant.model.grant import Grant
from evergrant.model.secret import Secret
from evergrant.store.tables import AccountRow, GrantRow, OrphanRow
from evergrant.vault.accounts import account_of
from evergrant.vault.seal import Sealer


@dataclass(frozen=True, slots=True)
class Held:
    """An account with the grant that it holds now, and what is known of the attempt to renew it."""

    account: ConnectedAccount
    key: GrantKey
    grant: Grant
    dead: bool
    """Whether the provider has called this grant dead, or a person wants it ended: it is not used or renewed."""
    fence: int
    intent_at: datetime | None
    """When an exchange of this very generation was begun whose end is not known."""
    attempts: int
    """Attempts since the last success."""
    sent_at: datetime | None = field(default=None, compare=False)
    """When the latest attempt on this generation was begun."""
    last_error: str | None = field(default=None, compare=False)
    not_before: datetime | None = field(default=None, compare=False)
    """Until then a request of an earlier generation may still be under way."""
    previous: Secret | None = field(default=None, compare=False)
    """The refresh token before this one, which a provider with a grace may still take."""
    consented_at: datetime | None = field(default=None, compare=False)
    consents: int = field(default=1, compare=False)
    """How many consents the account has had; each made a grant at the provider."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """What an exchange brings: a grant, and what its answer says of the account."""

    grant: Grant
    values: Mapping[str, str]
    scopes_granted: tuple[str, ...]


class Rows:
    """Turns grants into sealed rows and back; each field is sealed with account, field and generation."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def held(self, session: Session, key: GrantKey) -> Held | None:
        """The account and its grant, where it is the tenant's."""
        mine = (AccountRow.tenant_id == key.tenant_id, AccountRow.id == key.account_id)
        named = GrantRow.credential == key.credential
        joined = (col(GrantRow.tenant_id) == AccountRow.tenant_id) & (col(GrantRow.account_id) == AccountRow.id)
        found = session.exec(select(AccountRow, GrantRow).join(GrantRow, joined).where(*mine, named)).first()
        if found is None:
            return None
        account, row = found
        previous = row.previous_token
        return Held(
            account=account_of(account),
            key=key,
            grant=self._grant(row),
            dead=row.dead or account.state == "revoked",
            fence=row.fence,
            intent_at=row.intent_at if row.intent_generation == row.generation else None,
            attempts=row.attempts,
            sent_at=row.sent_at if row.intent_generation == row.generation else None,
            last_error=row.last_error,
            not_before=row.not_before,
            previous=self._open(previous, key, "previous_token", row.generation) if previous else None,
            consented_at=row.consented_at,
            consents=row.consents,
        )

    def consent(self, key: GrantKey, grant: Grant, former: GrantRow | None) -> GrantRow:
        """The row of a grant that a person has just consented to."""
        generation = former.generation + 1 if former else 1
        row = self._row(key, replace(grant, generation=generation), former.fence if former else 0)
        row.consented_at, row.consents = grant.issued_at, former.consents + 1 if former else 1
        return row

    def successor(self, key: GrantKey, grant: Grant, former: GrantRow, not_before: datetime | None) -> GrantRow:
        """The row of a grant that an exchange of `former`'s refresh token brought."""
        row = self._row(key, grant, former.fence)
        row.consented_at, row.consents, row.not_before = former.consented_at, former.consents, not_before
        if former.refresh_token:
            spent = self._open(former.refresh_token, key, "refresh_token", former.generation)
            row.previous_token = self._seal(spent, key, "previous_token", grant.generation)
        return row

    def orphan(self, key: GrantKey, grant: Grant) -> OrphanRow:
        """A grant for which there was no place."""
        refresh = grant.refresh_token
        return OrphanRow(
            tenant_id=key.tenant_id,
            account_id=key.account_id,
            credential=key.credential,
            generation=grant.generation,
            access_token=self._seal(grant.access_token, key, "orphan_access", grant.generation),
            refresh_token=self._seal(refresh, key, "orphan_refresh", grant.generation) if refresh else None,
            issued_at=grant.issued_at,
            expires_at=grant.expires_at,
        )

    def adopted(self, key: GrantKey, orphan: OrphanRow, generation: int, now: datetime) -> Grant:
        """The orphan's grant as the given generation, due for an exchange at once."""
        sealed = orphan.refresh_token
        return Grant(
            generation=generation,
            access_token=self._open(orphan.access_token, key, "orphan_access", orphan.generation),
            refresh_token=self._open(sealed, key, "orphan_refresh", orphan.generation) if sealed else None,
            issued_at=orphan.issued_at,
            expires_at=orphan.expires_at,
            refresh_at=now,
        )

    def _grant(self, row: GrantRow) -> Grant:
        key, sealed = GrantKey(row.tenant_id, row.account_id, row.credential), row.refresh_token
        return Grant(
            generation=row.generation,
            access_token=self._open(row.access_token, key, "access_token", row.generation),
            refresh_token=self._open(sealed, key, "refresh_token", row.generation) if sealed else None,
            issued_at=row.issued_at,
            expires_at=row.expires_at,
            refresh_at=row.refresh_at,
            renew_from=row.renew_from,
        )

    def _row(self, key: GrantKey, grant: Grant, fence: int) -> GrantRow:
        refresh = grant.refresh_token
        return GrantRow(
            tenant_id=key.tenant_id,
            account_id=key.account_id,
            credential=key.credential,
            generation=grant.generation,
            access_token=self._seal(grant.access_token, key, "access_token", grant.generation),
            refresh_token=self._seal(refresh, key, "refresh_token", grant.generation) if refresh else None,
            issued_at=grant.issued_at,
            expires_at=grant.expires_at,
            refresh_at=grant.refresh_at,
            renew_from=grant.renew_from,
            consented_at=grant.issued_at,
            fence=fence,
        )

    def _seal(self, secret: Secret, key: GrantKey, name: str, generation: int) -> bytes:
        return self._sealer.seal(secret, *key, name, generation)

    def _open(self, sealed: bytes, key: GrantKey, name: str, generation: int) -> Secret:
        return self._sealer.open(sealed, *key, name, generation)
