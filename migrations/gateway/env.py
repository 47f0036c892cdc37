"""Alembic environment of the gateway database."""

from migrations.environment import run
from services.gateway.metadata import METADATA

run(METADATA)
