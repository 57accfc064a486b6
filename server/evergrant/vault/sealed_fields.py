"""Every sealed column there is, with what its values are bound to: for whoever must see them all.

Two tables are sealed otherwise: `vault` (its proof) and `data_key` (wrapped by the vault's key).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import inspect
from sqlmodel import Session, SQLModel

from evergrant.store.tables import (
    AccountRow,
    AuditRow,
    AuthorizationRow,
    ConnectionRow,
    GrantRow,
    HeldCallRow,
    KeptAnswerRow,
    KeptResultRow,
    OrphanRow,
    WebhookEndpointRow,
)
from evergrant.vault.data_keys import Owner


class Of(NamedTuple):
    """The value of a column of the same row."""

    column: str


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with sealed columns."""

    row: type[SQLModel]
    owner_id: str
    """The column that names whose data key seals the row's fields."""
    connector: str | None
    """The column that names the owner's connector; None where the owner is an account, whose row tells it; empty where
    it has none."""
    places: Mapping[str, tuple[Of | str, ...]]
    """By column: what a value is bound to beside its owner."""

    @property
    def name(self) -> str:
        return str(inspect(self.row).local_table)

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the columns that are the primary key."""
        return tuple(column.name for column in inspect(self.row).primary_key)

    def owner_key(self, row: SQLModel) -> tuple[str, str]:
        """The tenant and the id of the row's owner."""
        return _text(row, "tenant_id"), _text(row, self.owner_id)

    def owner(self, session: Session, row: SQLModel) -> Owner | None:
        """The row's owner; None where its account is gone."""
        tenant_id, owner_id = self.owner_key(row)
        if self.connector is not None:
            return Owner(tenant_id, owner_id, _text(row, self.connector) if self.connector else "")
        account = session.get(AccountRow, (tenant_id, owner_id))
        return Owner(tenant_id, owner_id, account.connector) if account else None

    def place(self, row: SQLModel, column: str) -> tuple[str, ...]:
        """What the column's value in this row is bound to."""
        return tuple(_text(row, part.column) if isinstance(part, Of) else part for part in self.places[column])

    def sealed(self, row: SQLModel) -> dict[str, bytes]:
        """The row's sealed values by column, those that it has."""
        values = {column: getattr(row, column) for column in self.places}
        return {column: bytes(value) for column, value in values.items() if value is not None}


def _text(row: SQLModel, column: str) -> str:
    return str(getattr(row, column))


def _of_generation(field: str) -> tuple[Of | str, ...]:
    return Of("credential"), field, Of("generation")


SEALED_TABLES = (
    SealedTable(ConnectionRow, "id", "connector", {"client_secret": ("client_secret",)}),
    SealedTable(
        GrantRow,
        "account_id",
        None,
        {name: _of_generation(name) for name in ("access_token", "refresh_token", "previous_token")},
    ),
    SealedTable(
        OrphanRow,
        "account_id",
        None,
        {"access_token": _of_generation("orphan_access"), "refresh_token": _of_generation("orphan_refresh")},
    ),
    SealedTable(
        HeldCallRow,
        "account_id",
        None,
        {"tool_input": (Of("id"), "tool_input"), "outcome": (Of("id"), "outcome")},
    ),
    SealedTable(KeptResultRow, "account_id", None, {"content": (Of("id"), "content")}),
    SealedTable(AuditRow, "account_id", None, {"tool_input": (Of("id"), "audit_input")}),
    SealedTable(
        AuthorizationRow, "connection_id", "connector", {name: (Of("id"), name) for name in ("code_verifier", "code")}
    ),
    SealedTable(KeptAnswerRow, "id", "", {name: (name,) for name in ("request", "answer")}),
    SealedTable(WebhookEndpointRow, "id", "", {name: (name,) for name in ("secret", "former_secret")}),
)
