"""Looking for planted words: in every table as text, in the files of the database, in logs."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import asyncpg

from services.operator.drill.canaries.words import Canaries, Column, takes_no_words, written

_TABLES: Final = """
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p', 'm') order by 1
"""
_BYTES: Final = """
    select c.table_name, c.column_name from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and c.data_type = 'bytea' and t.table_type = 'BASE TABLE' order by 1, 2
"""
_SEALED: Final = """
    select count({name}) as filled,
        count(*) filter (where octet_length({name}) < 29 or get_byte({name}, 0) <> 1) as unsealed
    from {table}
"""
"""A sealed value is a byte of format, 1, a nonce of 12 and a tag of 16, and what was encrypted."""
_MARKED: Final = "select count(*) from {table} where position($1::bytea in {name}) > 0"
_PREFETCH: Final = 2000
_BLOCK: Final = 1 << 22
_OVERLAP: Final = 256
_BEGINNING: Final = 4


class Found(NamedTuple):
    """A word in the clear."""

    word: str
    where: str


class Searched(NamedTuple):
    """What was looked at, and what was found."""

    found: set[Found]
    sealed: set[Column]
    """The columns that the catalog says are sealed."""
    empty: set[Column]
    """Those among them in which nothing lies: nothing is known of them."""
    rows: int

    def joined(self, other: "Searched") -> "Searched":
        """Return what both have seen."""
        return Searched(
            self.found | other.found, self.sealed | other.sealed, self.empty | other.empty, self.rows + other.rows
        )


class Pattern:
    """All words in their readable forms, as one expression."""

    def __init__(self, words: Iterable[str], forms: Callable[[str], Iterable[bytes]] = written) -> None:
        self._word_of: Mapping[bytes, str] = {form: word for word in words for form in forms(word)}
        # Words begin alike: a few beginnings are tried at each byte, not hundreds of words.
        alike = groupby(sorted(self._word_of), key=lambda form: form[:_BEGINNING])
        expression = b"|".join(_alternatives(beginning, list(forms)) for beginning, forms in alike)
        self._expression = re.compile(expression or b"(?!)")

    def search(self, content: bytes) -> set[str]:
        """Return the words that can be read in a text."""
        return {self._word_of[found] for found in self._expression.findall(content)}


def _alternatives(beginning: bytes, forms: list[bytes]) -> bytes:
    ends = (re.escape(form[len(beginning) :]) for form in sorted(forms, key=len, reverse=True))
    return re.escape(beginning) + b"(?:" + b"|".join(ends) + b")"


async def search_database(service: str, url: str, canaries: Canaries) -> Searched:
    """Read every table of a database as a dump writes it; `url` is a superuser's, whom row-level security spares."""
    pattern, found, rows = Pattern({*canaries.words, canaries.control}), set[Found](), 0
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for table in [row["name"] for row in await connection.fetch(_TABLES)]:
                async for text in _texts(connection, table):
                    rows += 1
                    found |= {Found(word, f"{service}.{table}") for word in pattern.search(text)}
            sealed, empty = await _sealed_columns(connection, service, canaries, found)
    finally:
        await connection.close()
    return Searched(found, sealed, empty, rows)


async def _texts(connection: Any, table: str) -> Any:
    query = f'select t::text as row from "{table}" t'  # noqa: S608 -- a name of the catalog's own
    async for row in connection.cursor(query, prefetch=_PREFETCH):
        yield row["row"].encode()


async def _sealed_columns(
    connection: Any, service: str, canaries: Canaries, found: set[Found]
) -> tuple[set[Column], set[Column]]:
    columns = [Column(service, row["table_name"], row["column_name"]) for row in await connection.fetch(_BYTES)]
    sealed = {column for column in columns if not takes_no_words(column)}
    empty = set()
    for column in sealed:
        names = {"table": f'"{column.table}"', "name": f'"{column.name}"'}
        counted = await connection.fetchrow(_SEALED.format(**names))
        if not counted["filled"]:
            empty.add(column)
        if counted["unsealed"]:
            found.add(Found("a value that is not sealed", str(column)))
        for mark in canaries.marks.get(column, ()):
            if await connection.fetchval(_MARKED.format(**names), mark.encode()):
                found.add(Found(mark, str(column)))
    return sealed, empty


def search_files(folder: Path, words: Iterable[str]) -> set[Found]:
    """Read every file below a folder for words as they are; a file that is gone meanwhile has nothing."""
    pattern, found = Pattern(words, _as_it_is), set[Found]()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            for block in _blocks(path):
                found |= {Found(word, str(path.relative_to(folder))) for word in pattern.search(block)}
    return found


def _as_it_is(word: str) -> Iterable[bytes]:
    return (word.encode(),)


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            tail = b""
            while block := file.read(_BLOCK):
                yield tail + block
                tail = block[-_OVERLAP:]
    except FileNotFoundError:
        return
