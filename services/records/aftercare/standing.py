"""Where a contact stands, as rules and what is kept both see it."""

from datetime import date

from services.contracts.records.recovery import ContactStatus


def status_of(due_on: date, today: date, *, is_closed: bool, is_ended: bool) -> ContactStatus:
    """Return where a contact stands: the due day still counts."""
    if is_closed:
        return ContactStatus.CLOSED
    if is_ended:
        return ContactStatus.ENDED
    if due_on == today:
        return ContactStatus.DUE
    return ContactStatus.OVERDUE if due_on < today else ContactStatus.UPCOMING
