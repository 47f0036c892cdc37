"""Where a signed version of a note stands, which what is stored and what is decided both ask."""

from datetime import datetime

from services.contracts.records.notes import NoteStatus


def status_of(number: int, *, needs_cosignature: bool, cosigned_at: datetime | None) -> NoteStatus:
    """Return where a signed version stands."""
    if needs_cosignature and cosigned_at is None:
        return NoteStatus.AWAITING_COSIGNATURE
    return NoteStatus.SIGNED if number == 1 else NoteStatus.AMENDED
