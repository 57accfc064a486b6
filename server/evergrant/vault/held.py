"""An account with its grant, as the engine works on it, and how the tables keep it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from evergrant.model.account import ConnectedAccount, GrantKey
from evergrant.model.grant import Grant
from evergrant.model.secret import Secret
from evergrant.store.tables import AccountRow, DataKeyRow, GrantRow, OrphanRow
from evergrant.vault.accounts import account_of
from evergrant.vault.data_keys import DataKeys, FieldSealer, Owner


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
    failing: bool = field(default=False, compare=False)
    """Whether it was told that the provider is in trouble and calls wait."""
    sent_at: datetime | None = field(default=None, compare=False)
    """When the latest attempt on this generation was begun."""
    last_error: str | None = field(default=None, compare=False)
    not_before: datetime | None = field(default=None, compare=False)
    """Until then a request of an earlier generation may still be under way."""
    previous: Secret | None = field(default=None, compare=False)
    """The refresh token before this one, which a provider with a grace may still take."""
    consented_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Renewed:
    """What an exchange brings: a grant, and what its answer says of the account."""

    grant: Grant
    values: Mapping[str, str]
    scopes_granted: tuple[str, ...]


Found = tuple[AccountRow, GrantRow, DataKeyRow | None]


class Rows:
    """Turns grants into sealed rows and back; each field is sealed with account, credential, field and generation."""

    def __init__(self, keys: DataKeys) -> None:
        self._keys = keys
        self._query = held_query()  # built once, since building it takes longer than its answer

    def held(self, session: Session, key: GrantKey) -> Held | None:
        """The account and its grant, where it is the tenant's; raises SealBroken."""
        return self.opened(session.exec(self._query, params=key._asdict()).first())

    def opened(self, found: Found | None) -> Held | None:
        """The same of rows that were read already."""
        if found is None:
            return None
        account, row, data_key = found
        return _held(account, row, self._keys.opened(data_key, _owner(account)))

    def consent(self, session: Session, account: ConnectedAccount, credential: str, grant: Grant) -> GrantRow:
        """The row of a grant that a person has just consented to."""
        key = GrantKey(*account.key, credential)
        former = session.get(GrantRow, tuple(key))
        fields = self._keys.made_for(session, Owner(account.tenant_id, account.id, account.connector))
        generation = former.generation + 1 if former else 1
        row = _row(fields, key, replace(grant, generation=generation), former.fence if former else 0)
        row.consented_at, row.consents = grant.issued_at, former.consents + 1 if former else 1
        return row

    def successor(
        self, session: Session, key: GrantKey, grant: Grant, former: GrantRow, not_before: datetime | None
    ) -> GrantRow:
        """The row of a grant that an exchange of `former`'s refresh token brought."""
        fields = self._fields(session, key)
        row = _row(fields, key, grant, former.fence)
        row.consented_at, row.consents, row.not_before = former.consented_at, former.consents, not_before
        row.end_told = former.end_told
        if former.refresh_token:
            spent = fields.open(former.refresh_token, key.credential, "refresh_token", former.generation)
            row.previous_token = fields.seal(spent, key.credential, "previous_token", grant.generation)
        return row

    def orphan(self, session: Session, key: GrantKey, grant: Grant) -> OrphanRow:
        """A grant for which there was no place."""
        fields, refresh = self._fields(session, key), grant.refresh_token
        return OrphanRow(
            tenant_id=key.tenant_id,
            account_id=key.account_id,
            credential=key.credential,
            generation=grant.generation,
            access_token=fields.seal(grant.access_token, key.credential, "orphan_access", grant.generation),
            refresh_token=fields.seal(refresh, key.credential, "orphan_refresh", grant.generation) if refresh else None,
            issued_at=grant.issued_at,
            expires_at=grant.expires_at,
        )

    def adopted(self, session: Session, key: GrantKey, orphan: OrphanRow, generation: int, now: datetime) -> Grant:
        """The orphan's grant as the given generation, due for an exchange at once."""
        fields, sealed = self._fields(session, key), orphan.refresh_token
        return Grant(
            generation=generation,
            access_token=fields.open(orphan.access_token, key.credential, "orphan_access", orphan.generation),
            refresh_token=fields.open(sealed, key.credential, "orphan_refresh", orphan.generation) if sealed else None,
            issued_at=orphan.issued_at,
            expires_at=orphan.expires_at,
            refresh_at=now,
        )

    def _fields(self, session: Session, key: GrantKey) -> FieldSealer:
        account = session.get_one(AccountRow, (key.tenant_id, key.account_id))
        return self._keys.of(session, _owner(account))


def held_query() -> Select[AccountRow, GrantRow, DataKeyRow]:
    """An account with one of its grants and its data key, by the fields of a GrantKey."""
    return _held_where(col(AccountRow.id) == bindparam("account_id"))


def named_query() -> Select[AccountRow, GrantRow, DataKeyRow]:
    """The same, where `account_id` may be an alias too."""
    is_id, is_alias = (col(each) == bindparam("account_id") for each in (AccountRow.id, AccountRow.alias))
    return _held_where(is_id | is_alias)


def _held_where(is_it: ColumnElement[bool]) -> Select[AccountRow, GrantRow, DataKeyRow]:
    joined = (col(GrantRow.tenant_id) == AccountRow.tenant_id) & (col(GrantRow.account_id) == AccountRow.id)
    keyed = (col(DataKeyRow.tenant_id) == AccountRow.tenant_id) & (col(DataKeyRow.owner_id) == AccountRow.id)
    return (
        select(AccountRow, GrantRow, DataKeyRow)
        .join(GrantRow, joined)
        .outerjoin(DataKeyRow, keyed)
        .where(
            col(AccountRow.tenant_id) == bindparam("tenant_id"),
            is_it,
            col(GrantRow.credential) == bindparam("credential"),
        )
    )


def _owner(account: AccountRow) -> Owner:
    return Owner(account.tenant_id, account.id, account.connector)


def _held(account: AccountRow, row: GrantRow, fields: FieldSealer) -> Held:
    previous, credential = row.previous_token, row.credential
    under_way = row.intent_generation == row.generation
    return Held(
        account=account_of(account),
        key=GrantKey(row.tenant_id, row.account_id, credential),
        grant=_grant(row, fields),
        dead=row.dead or account.state == "revoked",
        fence=row.fence,
        intent_at=row.intent_at if under_way else None,
        attempts=row.attempts,
        failing=row.failing,
        sent_at=row.sent_at if under_way else None,
        last_error=row.last_error,
        not_before=row.not_before,
        previous=fields.open(previous, credential, "previous_token", row.generation) if previous else None,
        consented_at=row.consented_at,
    )


def _grant(row: GrantRow, fields: FieldSealer) -> Grant:
    sealed, credential = row.refresh_token, row.credential
    return Grant(
        generation=row.generation,
        access_token=fields.open(row.access_token, credential, "access_token", row.generation),
        refresh_token=fields.open(sealed, credential, "refresh_token", row.generation) if sealed else None,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        refresh_at=row.refresh_at,
        renew_from=row.renew_from,
        refresh_expires_at=row.refresh_expires_at,
    )


def _row(fields: FieldSealer, key: GrantKey, grant: Grant, fence: int) -> GrantRow:
    refresh = grant.refresh_token
    return GrantRow(
        tenant_id=key.tenant_id,
        account_id=key.account_id,
        credential=key.credential,
        generation=grant.generation,
        access_token=fields.seal(grant.access_token, key.credential, "access_token", grant.generation),
        refresh_token=fields.seal(refresh, key.credential, "refresh_token", grant.generation) if refresh else None,
        issued_at=grant.issued_at,
        expires_at=grant.expires_at,
        refresh_at=grant.refresh_at,
        renew_from=grant.renew_from,
        refresh_expires_at=grant.refresh_expires_at,
        consented_at=grant.issued_at,
        fence=fence,
    )
