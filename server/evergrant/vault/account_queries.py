"""Look-ups of a tenant's accounts whose cost does not grow with their number; `ids` are those that a caller may see."""

from sqlalchemy import ColumnElement, Select, and_, func, or_
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from evergrant.store.tables import AccountRow

Ids = frozenset[str] | None
"""Of accounts; None is all."""


def connectors_of(tenant_id: str, ids: Ids) -> Select[str] | Select[str, str]:
    """The connectors that there are accounts of, some of them several times.

    Where all may be seen each is found by one step in the index from the one before it. A DISTINCT would read the index
    to its end, also where few may be seen.
    """
    connector = col(AccountRow.connector)
    if ids is not None:
        # The label too, which no index has: of one that has all that is asked for SQLite would read all the tenant's.
        return select_columns(connector, col(AccountRow.label)).where(seen(tenant_id, ids))
    mine = col(AccountRow.tenant_id) == tenant_id
    found = select_columns(func.min(connector).label("name")).where(mine).cte("found", recursive=True)
    following = select_columns(func.min(connector)).where(mine, connector > found.c.name).scalar_subquery()
    found = found.union_all(select_columns(following).where(found.c.name.is_not(None)))
    return select_columns(found.c.name).where(found.c.name.is_not(None))


def of_connector(tenant_id: str, connector: str, most: int, ids: Ids) -> SelectOfScalar[AccountRow]:
    """The oldest accounts of a connector, so many at most."""
    mine = and_(seen(tenant_id, ids), col(AccountRow.connector) == connector)
    return select(AccountRow).where(mine).order_by(col(AccountRow.id)).limit(most)


def seen(tenant_id: str, ids: Ids) -> ColumnElement[bool]:
    """Whether an account is the tenant's and may be seen."""
    mine = col(AccountRow.tenant_id) == tenant_id
    return mine if ids is None else and_(mine, col(AccountRow.id).in_(sorted(ids)))


def says(query: str) -> ColumnElement[bool]:
    """Whether id, alias, connector or label of an account has the text in it, whatever the case of its letters."""
    texts = (AccountRow.id, AccountRow.alias, AccountRow.connector, AccountRow.label)
    return or_(*(func.instr(func.casefold(col(text)), query.casefold()) > 0 for text in texts))
