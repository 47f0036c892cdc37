"""What people write of a patient is sealed: each column that holds text in the clear is listed, with the reason."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest

from services.operator.postgres.provision import DatabaseUrls
from tests.guards.test_databases import fetch

LISTED = tomllib.loads((Path(__file__).parent / "text_columns.toml").read_text())
SERVICES = ("records", "scheduler")
# Whatever can hold a sentence: text, JSON, and arrays of them.
TEXT = """
select c.relname || '.' || a.attname as column
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_type t on t.oid = a.atttypid
left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
    and coalesce(e.typname, t.typname) in ('text', 'varchar', 'bpchar', 'json', 'jsonb', 'xml', 'citext', 'hstore')
"""


def listed(service: str) -> Counter[str]:
    return Counter(
        f"{table}.{column}"
        for group in LISTED.values()
        for table, columns in group.get(service, {}).items()
        for column in columns
    )


@pytest.mark.parametrize("service", SERVICES)
async def test_each_column_of_text_in_the_clear_is_listed_once_and_no_other(
    databases: Mapping[str, DatabaseUrls], service: str
) -> None:
    found = {row["column"] for row in await fetch(databases[service].owner, TEXT)}
    names = listed(service)

    # Seal a column in which people write of a patient (ADR 0008), and plant a word in it; list any other.
    assert (sorted(found - names.keys()), sorted(names.keys() - found)) == ([], [])
    assert [name for name, times in names.items() if times > 1] == []


def test_each_group_says_why_no_patient_s_word_stands_in_it() -> None:
    assert [name for name, group in LISTED.items() if not group["reason"].strip()] == []


async def test_a_column_of_text_that_nobody_listed_is_found(databases: Mapping[str, DatabaseUrls]) -> None:
    """The control: the catalog is asked in a transaction that adds one and is rolled back."""
    connection = await asyncpg.connect(databases["records"].owner)
    try:
        transaction = connection.transaction()
        await transaction.start()
        for number, kind in enumerate(("text", "text[]", "jsonb", "varchar(80)")):
            await connection.execute(f"alter table patients add column canary_{number} {kind}")
        found = {row["column"] for row in await connection.fetch(TEXT)}
        await transaction.rollback()
    finally:
        await connection.close()

    assert len({one for one in found - listed("records").keys() if one.startswith("patients.canary_")}) == 4
