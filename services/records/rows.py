"""The base of every row of the records database."""

from typing import Any, ClassVar, Final

from sqlalchemy import Column, Computed, Index, MetaData, Uuid
from sqlalchemy.orm import DeclarativeBase

from services.chassis.audit.trail import AUDIT_EVENTS
from services.chassis.database import COLUMN_TYPES, NAMING_CONVENTION
from services.chassis.idempotency import IDEMPOTENCY_KEYS

# Read as text, not as JSON: somebody who tampers with an event is to be found, and not to break what stands beside it.
_DENIED_ID: Final = """
case when strpos(event, '"outcome":"denied"') > 0 then substring(event, '"id":"([0-9a-f]{32})"')::uuid end
"""


class Base(DeclarativeBase):
    """A row of the records database."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = COLUMN_TYPES


IDEMPOTENCY_KEYS.to_metadata(Base.metadata)
RECORDS_AUDIT_EVENTS: Final = AUDIT_EVENTS.to_metadata(Base.metadata)
"""The trail, with the id of those events that tell of a refusal: derived from the text that is hashed."""
# A column of its own: row-level security lets no index serve a comparison of what is taken out of a text.
RECORDS_AUDIT_EVENTS.append_column(Column("denied_id", Uuid, Computed(_DENIED_ID, persisted=True)))
Index(
    "audit_events_denied_id_idx",
    RECORDS_AUDIT_EVENTS.c.organization_id,
    RECORDS_AUDIT_EVENTS.c.denied_id,
    postgresql_where=RECORDS_AUDIT_EVENTS.c.denied_id.is_not(None),
)
