"""What is true of aftercare: when contacts are due, where each stands, and what an attempt must not do. Pure."""

from collections.abc import Sequence
from datetime import date, timedelta

from services.contracts.records.recovery import (
    AftercareContact,
    AftercareRequest,
    AttemptOutcome,
    AttemptRequest,
    ContactStatus,
    FollowUpOutcome,
)


def due_days(discharged_on: date, days_after: Sequence[int]) -> list[tuple[int, date]]:
    """Return the days after discharge, each with its date of the calendar."""
    return [(days, discharged_on + timedelta(days=days)) for days in sorted(days_after)]


def is_allowed(attempt: AttemptRequest, agreed: AftercareRequest) -> bool:
    """Whether somebody allowed to be reached in this way, and a message to be left."""
    leaves_message = attempt.outcome is AttemptOutcome.LEFT_MESSAGE
    return attempt.channel in agreed.channels and (agreed.may_leave_message or not leaves_message)


def ends_aftercare(outcome: FollowUpOutcome) -> bool:
    """Whether nobody is to be called any more."""
    return outcome in {FollowUpOutcome.DIED, FollowUpOutcome.DECLINED}


def waiting(contacts: Sequence[AftercareContact]) -> list[AftercareContact]:
    """Return the contacts that are due or overdue, the longest overdue first."""
    statuses = {ContactStatus.DUE, ContactStatus.OVERDUE}
    found = [contact for contact in contacts if contact.status in statuses]
    return sorted(found, key=lambda contact: (contact.due_on, contact.id))
