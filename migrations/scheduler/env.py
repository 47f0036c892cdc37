"""Alembic environment of the scheduler database."""

from migrations.environment import run
from services.scheduler.metadata import METADATA

run(METADATA)
