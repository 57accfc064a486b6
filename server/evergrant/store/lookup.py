"""Queries that run at every tool call: compiled once, and read without a session, which costs ten times the answer."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Dialect, SelectBase, Table
from sqlmodel import SQLModel

from evergrant.store.database import Database

RowsT = TypeVar("RowsT")
Read = Callable[[Sequence[Any]], object]
Way = Callable[[Any], Any]
"""From what the driver gives to what a row has."""


class Lookup(Generic[RowsT]):
    """A query for rows of these tables, joined.

    What it finds has a row's attributes and nothing else of one: it is bound to no session, and changes nothing.
    """

    def __init__(self, database: Database, query: SelectBase, *tables: type[SQLModel]) -> None:
        compiled = query.compile(dialect=database.engine.dialect)
        self._database = database
        self._sql, self._order = compiled.string, tuple(compiled.positiontup or ())
        self._readers = _readers(tables, database.engine.dialect)

    def first(self, values: Mapping[str, str]) -> RowsT | None:
        """The first it finds, a row of each table, None for that of an outer join; raises StoreUnavailable."""
        found = self._database.first(self._sql, [values[name] for name in self._order])
        return None if found is None else cast("RowsT", tuple(read(found) for read in self._readers))


def _readers(tables: Sequence[type[SQLModel]], dialect: Dialect) -> Sequence[Read]:
    made, begin = list[Read](), 0
    for table in tables:
        columns = cast("Table", vars(table)["__table__"]).columns
        ways = {each.key: each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns}
        made.append(_reader(ways, begin))
        begin += len(ways)
    return made


def _reader(ways: Mapping[str, Way | None], begin: int) -> Read:
    """Makes a row of the columns of an answer that begin there; they are in their table's own order."""
    end, names = begin + len(ways), tuple(ways)
    changed = [(name, way) for name, way in ways.items() if way]

    def read(found: Sequence[Any]) -> object:
        if found[begin] is None:
            return None  # a part of its key: there is no such row
        row = dict(zip(names, found[begin:end], strict=True))
        for name, way in changed:
            row[name] = way(row[name])
        return SimpleNamespace(**row)

    return read
