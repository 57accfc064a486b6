"""Whether a statement that was sent to the database names a tenant for each table of tenants that it looks at."""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Engine, event

from evergrant.store.tables import TenantRow

LOOKS_AT = re.compile(r'\b(?:FROM|JOIN|UPDATE)\s+"?(\w+)"?', re.IGNORECASE)
BOUND = re.compile(r'"?(\w+)"?\."?tenant_id"? = (?:\?|\'|"?\w+"?\."?tenant_id)')
BY_ANOTHER = re.compile(r'\."?tenant_id"? = "?(\w+)"?\."?tenant_id')


@dataclass(frozen=True)
class Sent:
    """A statement, and the tenants that it names."""

    text: str
    tenants: frozenset[str]


@contextmanager
def sent_statements() -> Generator[list[Sent], None, None]:
    """What is sent to any database within the block."""
    sent: list[Sent] = []

    def note(
        _connection: object, _cursor: object, statement: str, parameters: object, _context: object, _many: object
    ) -> None:
        sent.append(Sent(statement, _named(statement, parameters)))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _named(statement: str, parameters: object) -> frozenset[str]:
    """What stands for the marks that are compared with a `tenant_id`."""
    places = [statement.count("?", 0, found.end() - 1) for found in re.finditer(r'tenant_id"? = \?', statement)]
    given = cast("tuple[object, ...]", parameters) if isinstance(parameters, tuple) else ()
    return frozenset(str(given[place]) for place in places)


def unbound(statement: str) -> Sequence[str]:
    """The tables that it looks at for no tenant in particular: none is bound to a value, nor to a table that is."""
    tables = {name for name in LOOKS_AT.findall(statement) if name in _of_tenants()}
    bound = {*BOUND.findall(statement), *BY_ANOTHER.findall(statement)}
    by_value = re.search(r'tenant_id"? = (?:\?|\')', statement)
    return sorted(tables - bound if by_value else tables)


def _of_tenants() -> set[str]:
    return {name for name, table in TenantRow.metadata.tables.items() if "tenant_id" in table.columns}
