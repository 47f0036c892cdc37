"""What the storages share: new identifiers, and rows with JSON columns."""

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.chassis.database import new_id


def fresh_id(now: datetime) -> UUID:
    """Make an identifier that sorts after those made before `now`."""
    return new_id(now, secrets.token_bytes(10))


def json_of(value: Any) -> Any:
    """Return what a JSON column holds, which is an array, an object or nothing.

    SQLAlchemy's connections hand it over read, those of the pool of reads as text.
    """
    return orjson.loads(value) if isinstance(value, str) else value


def decoded(row: asyncpg.Record, *json_columns: str) -> dict[str, Any]:
    """Return a row by name, with its JSON columns read."""
    return {**row, **{column: json_of(row[column]) for column in json_columns}}
