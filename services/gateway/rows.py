"""The base of every row of the gateway database."""

from typing import Any, ClassVar, Final

from sqlalchemy import Index, MetaData, text
from sqlalchemy.orm import DeclarativeBase

from services.chassis.audit.trail import AUDIT_EVENTS as SHARED_AUDIT_EVENTS
from services.chassis.database import COLUMN_TYPES, NAMING_CONVENTION
from services.chassis.idempotency import IDEMPOTENCY_KEYS


class Base(DeclarativeBase):
    """A row of the gateway database."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = COLUMN_TYPES


IDEMPOTENCY_KEYS.to_metadata(Base.metadata)
AUDIT_EVENTS: Final = SHARED_AUDIT_EVENTS.to_metadata(Base.metadata)
"""The trail of the gateway's own doings; the application may insert and read, and change and delete nothing."""
# An event's id sorts by time, and its text is never changed.
Index("audit_events_event_id_idx", AUDIT_EVENTS.c.organization_id, text("((event::jsonb ->> 'id')::uuid)"))
