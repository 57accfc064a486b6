"""A vault with a value in every sealed column, of two tenants, connectors and credentials, and several generations."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import LargeBinary
from sqlmodel import Session, SQLModel, select
from tests.vault.samples import START, account, audit_record, endpoint, grant, held_call, kept_result, renewed

from evergrant.model.account import AccountKey, ConnectedAccount, Connection
from evergrant.model.outcome import Result
from evergrant.model.secret import Secret
from evergrant.vault.audit import AuditLog
from evergrant.vault.authorizations import Authorization, Authorizations
from evergrant.vault.connections import Connections
from evergrant.vault.endpoints import Endpoints
from evergrant.vault.grants import Grants
from evergrant.vault.held_calls import KeptCalls
from evergrant.vault.idempotency import KeptAnswer, KeptAnswers, RequestKey
from evergrant.vault.kept_results import KeptResults
from evergrant.vault.sealed_fields import SEALED_TABLES, SealedTable
from evergrant.vault.vault import Vault

TENANTS = ("tnt_a", "tnt_b")


@dataclass(frozen=True)
class Value:
    """One sealed value where it lies."""

    table: SealedTable
    row: SQLModel
    column: str
    sealed: bytes

    @property
    def where(self) -> tuple[str, ...]:
        return (self.table.name, *(str(getattr(self.row, name)) for name in self.table.key), self.column)


async def fill(vault: Vault) -> None:
    """Two accounts of two connectors for each tenant, under the same ids in both."""
    for tenant_id in TENANTS:
        for number, connector in ((1, "sandbox"), (2, "hubspot")):
            await _connect(vault, replace(account(number, tenant_id=tenant_id), connector=connector))
            await Connections(vault.database, vault.data_keys).put(connection(tenant_id, connector, number))
            consents, consent = Authorizations(vault.database, vault.data_keys), _consent(tenant_id, connector, number)
            await consents.add(consent, Secret(f"state {tenant_id} {number}"))
            await consents.hold(consent, Secret("a code that waits for the back end"))
            await _add_endpoint(vault, tenant_id, number)
            await _answer(vault, RequestKey(tenant_id, f"once_{number}"))


async def _connect(vault: Vault, new: ConnectedAccount) -> None:
    """Connected, renewed, and with a second success that came too late for its generation."""
    grants = Grants(vault.database, vault.data_keys)
    await grants.connect(new, grant(), further={"person": grant()})
    for held in grants.of_account(new.key):
        await grants.commit(held, renewed(2))
        await grants.commit(held, renewed(2))
    await _hold(KeptCalls(vault.database, vault.data_keys), new)
    await KeptResults(vault.database, vault.data_keys).add(kept_result(new))
    await AuditLog(vault.database, vault.data_keys).add([audit_record(new), audit_record(new)])


async def _hold(calls: KeptCalls, of: ConnectedAccount) -> None:
    """One that waits with its input, and one that has come to its outcome."""
    for number in (1, 2):
        await calls.add(held_call(of, number=number), 10)
    done = Result(account=of.id, label=of.label, content=[1])
    await calls.finish(held_call(of, number=2), done, START)


async def _add_endpoint(vault: Vault, tenant_id: str, number: int) -> None:
    """One that has been given a second secret."""
    endpoints, added = Endpoints(vault.database, vault.data_keys), endpoint(number, tenant_id=tenant_id)
    await endpoints.add(added, Secret(f"whsec_first_{number}"))
    await endpoints.rotate(added.key, Secret(f"whsec_second_{number}"), START + timedelta(days=1))


async def _answer(vault: Vault, key: RequestKey) -> None:
    answers = KeptAnswers(vault.database, vault.data_keys)
    await answers.begin(key, "fingerprint", "process", START, START + timedelta(days=1))
    await answers.finish(key, "process", KeptAnswer(201, "application/json", "{}"))


def connection(tenant_id: str, connector: str, number: int) -> Connection:
    secret = Secret(f"secret {number}")
    return Connection(f"client_{number}", tenant_id, connector, "id", secret, "http://localhost/callback", (), START)


def _consent(tenant_id: str, connector: str, number: int) -> Authorization:
    return Authorization(
        id=f"auth_{number}",
        tenant_id=tenant_id,
        connection_id=f"client_{number}",
        connector=connector,
        account_id=f"conn_{number}",
        alias="acme",
        code_verifier=Secret("verifier"),
        redirect_uri="http://localhost/callback",
        scopes=(),
        values={},
        status="pending",
        detail=None,
        created_at=START,
        expires_at=START + timedelta(minutes=10),
    )


def values(session: Session) -> Iterator[Value]:
    """Every sealed value of the vault."""
    for table in SEALED_TABLES:
        for row in session.exec(select(table.row)).all():
            for column, sealed in table.sealed(row).items():
                yield Value(table, row, column, sealed)


def values_of(session: Session, key: AccountKey) -> list[bytes]:
    """Every sealed value of one account."""
    return [
        value.sealed
        for value in values(session)
        if value.table.owner_id == "account_id" and value.where[1:3] == tuple(key)
    ]


def binary_columns() -> set[tuple[str, str]]:
    """Every column of bytes that the tables declare, by table and name."""
    tables = SQLModel.metadata.tables.items()
    return {(name, column.name) for name, table in tables for column in table.columns if _is_binary(column.type)}


def _is_binary(kind: object) -> bool:
    return isinstance(kind, LargeBinary)
