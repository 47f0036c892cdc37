"""The base of every row of the records database."""

from typing import Any, ClassVar

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from services.chassis.audit.trail import AUDIT_EVENTS
from services.chassis.database import COLUMN_TYPES, NAMING_CONVENTION
from services.chassis.idempotency import IDEMPOTENCY_KEYS


class Base(DeclarativeBase):
    """A row of the records database."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = COLUMN_TYPES


for shared in (IDEMPOTENCY_KEYS, AUDIT_EVENTS):
    shared.to_metadata(Base.metadata)
