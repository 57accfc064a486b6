"""Look-ups of a tenant's accounts whose cost does not grow with their number; `ids` are those that a caller may see.

They are put together once: that takes SQLAlchemy as long as SQLite takes to answer.
"""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, or_
from sqlalchemy import select as select_columns
from sqlmodel import col

from evergrant.store.tables import AccountRow

Ids = frozenset[str] | None
"""Of accounts; None is all."""


class Query(NamedTuple):
    """A statement, and the values that it is to be run with."""

    statement: Select[*tuple[Any, ...]]
    values: dict[str, Any]


def connectors_of(tenant_id: str, ids: Ids) -> Query:
    """The connectors that there are accounts of, some of them several times."""
    if ids is None:
        return Query(_STEPS, {"tenant_id": tenant_id})
    # The label too, which no index has: of one that has all that is asked for SQLite would read all the tenant's.
    both = (col(AccountRow.connector), col(AccountRow.label))
    return Query(select_columns(*both).where(seen(tenant_id, ids)), {})


def of_connector(tenant_id: str, connector: str, most: int, ids: Ids) -> Query:
    """The oldest accounts of a connector, so many at most."""
    values = {"tenant_id": tenant_id, "connector": connector, "most": most}
    return Query(_OLDEST if ids is None else _OLDEST.where(col(AccountRow.id).in_(sorted(ids))), values)


def seen(tenant_id: str, ids: Ids) -> ColumnElement[bool]:
    """Whether an account is the tenant's and may be seen."""
    mine = col(AccountRow.tenant_id) == tenant_id
    return mine if ids is None else and_(mine, col(AccountRow.id).in_(sorted(ids)))


def says(query: str) -> ColumnElement[bool]:
    """Whether id, alias, connector or label of an account has the text in it, whatever the case of its letters."""
    texts = (AccountRow.id, AccountRow.alias, AccountRow.connector, AccountRow.label)
    return or_(*(func.instr(func.casefold(col(text)), query.casefold()) > 0 for text in texts))


def _steps() -> Select[Any]:
    """Each connector is found by one step in the index from the one before; a DISTINCT would read it to its end."""
    connector, mine = col(AccountRow.connector), col(AccountRow.tenant_id) == bindparam("tenant_id")
    found = select_columns(func.min(connector).label("name")).where(mine).cte("found", recursive=True)
    following = select_columns(func.min(connector)).where(mine, connector > found.c.name).scalar_subquery()
    found = found.union_all(select_columns(following).where(found.c.name.is_not(None)))
    return select_columns(found.c.name).where(found.c.name.is_not(None))


def _oldest() -> Select[Any]:
    mine = col(AccountRow.tenant_id) == bindparam("tenant_id")
    of_it = col(AccountRow.connector) == bindparam("connector")
    return (
        select_columns(AccountRow)
        .where(mine, of_it)
        .order_by(col(AccountRow.id))
        .limit(bindparam("most", type_=Integer()))
    )


_STEPS, _OLDEST = _steps(), _oldest()
