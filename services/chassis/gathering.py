"""Many queries in one round trip: what several subjects ask of the database is sent as one statement.

Each query becomes an array of rows in one row of the answer; the driver decodes them as it decodes any row, so what a
subject makes of its rows is the same whether it asked alone or with others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Date, Select, Text, Uuid, cast, func, select
from sqlalchemy.types import TypeEngine
from typing_extensions import override

from services.chassis.database import Query, Read

# The driver knows no arrays inside of rows that have no type of their own but those of text.
_ITEMS: Final[Mapping[type[TypeEngine[Any]], Callable[[str], Any]]] = MappingProxyType(
    {Text: str, Uuid: UUID, Date: date.fromisoformat}
)


class NotGatheredError(Exception):
    """Something was asked that had not been gathered: a mistake of ours, and it would have been a second round trip."""


class _Part:
    """One query among others."""

    def __init__(self, query: Query) -> None:
        self.query = query
        columns = list(query.statement.selected_columns)
        self._names = tuple(_name_of(column) for column in columns)
        self._items = {
            name: _ITEMS[type(column.type.item_type)]
            for name, column in zip(self._names, columns, strict=True)
            if isinstance(column.type, ARRAY)
        }

    def rows(self) -> ColumnElement[Any]:
        """Return the query as one column: an array of its rows."""
        columns = [
            cast(column, ARRAY(Text)) if isinstance(column.type, ARRAY) else column
            for column in self.query.statement.selected_columns
        ]
        row = self.query.statement.with_only_columns(func.row(*columns), maintain_column_froms=True)
        return func.array(row.scalar_subquery())

    def named(self, rows: Sequence[Sequence[Any]]) -> list[Mapping[str, Any]]:
        """Return the rows as the query alone would have."""
        return [self._named(row) for row in rows]

    def _named(self, row: Sequence[Any]) -> Mapping[str, Any]:
        values = dict(zip(self._names, row, strict=True))
        for name, item in self._items.items():
            if values[name] is not None:
                values[name] = [item(one) for one in values[name]]
        return values


def _name_of(column: ColumnElement[Any]) -> str:
    name = getattr(column, "name", None)
    if not isinstance(name, str):
        raise TypeError("a column that is gathered has a name")
    return name


class Bundle:
    """Queries that are asked together; compiled once."""

    def __init__(self, queries: Iterable[Query]) -> None:
        self.parts = tuple(_Part(query) for query in queries)
        rows = (part.rows().label(f"part_{number}") for number, part in enumerate(self.parts))
        statement: Select[*tuple[Any, ...]] = select(*rows)
        self.query = Query(statement)


class Gathering(Read):
    """A read that asks its bundle once, and then answers each query of it without asking again."""

    def __init__(self, read: Read, bundle: Bundle) -> None:
        super().__init__(read.connection)
        self._read = read
        self._bundle = bundle
        self._values: Mapping[str, Any] = {}
        self._rows: dict[Query, list[Mapping[str, Any]]] = {}

    async def gather(self, **values: Any) -> None:
        """Ask every query of the bundle in one statement."""
        found = await self._read.one_or_none(self._bundle.query, **values)
        assert found is not None  # noqa: S101 - a select without a table has one row
        self._values = values
        self._rows = {
            part.query: part.named(rows) for part, rows in zip(self._bundle.parts, found.values(), strict=True)
        }

    @override
    async def all(self, query: Query, **values: Any) -> list[Any]:
        """Return the rows of a query that was gathered, with these values.

        Raises:
            NotGatheredError: It was not, or not with these.
        """
        rows = self._rows.get(query)
        if rows is None or any(values.get(name) != self._values.get(name) for name in query.names):
            raise NotGatheredError
        return list(rows)

    @override
    async def one_or_none(self, query: Query, **values: Any) -> Any:
        """Return the first row of a query that was gathered, or None; otherwise as `all`."""
        return next(iter(await self.all(query, **values)), None)
