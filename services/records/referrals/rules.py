"""What is true of people who wait for intake. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.contracts.records.referrals import (
    ContactChannel,
    ContactOutcome,
    ContactPermissions,
    Referral,
    WaitingReferral,
    WaitStanding,
)


def due_at(received_at: datetime, hours: int) -> datetime:
    """Return the instant at which the clock of intake passes."""
    return received_at + timedelta(hours=hours)


def was_permitted(permissions: ContactPermissions, channel: ContactChannel, outcome: ContactOutcome) -> bool:
    """Whether the person had allowed to be reached in this way; who comes in person needs no permission of theirs."""
    if outcome is ContactOutcome.MESSAGE_LEFT and not permissions.may_leave_message:
        return False
    return channel is ContactChannel.IN_PERSON or channel in permissions.channels


def waiting(referral: Referral, now: datetime, due_soon_hours: float) -> WaitingReferral:
    """Say where somebody who waits stands on the clock."""
    left = (referral.intake_due_at - now) / timedelta(hours=1)
    if left <= 0:
        standing = WaitStanding.OVERDUE
    else:
        standing = WaitStanding.DUE_SOON if left <= due_soon_hours else WaitStanding.WITHIN
    return WaitingReferral(standing=standing, hours_left=round(left, 2), referral=referral)


def in_order(referrals: Iterable[Referral]) -> list[Referral]:
    """Put people in the order in which their clocks pass; of two at once, the one who was entered first."""
    return sorted(referrals, key=lambda referral: (referral.intake_due_at, referral.id))
