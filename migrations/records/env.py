"""Alembic environment of the records database."""

from migrations.environment import run
from services.records.metadata import METADATA

run(METADATA)
