"""What is true of people who wait for intake or for a first session. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.contracts.identifiers import ReferralId
from services.contracts.records.referrals import (
    ContactChannel,
    ContactOutcome,
    ContactPermissions,
    Referral,
    ReferralStatus,
    WaitingReferral,
    WaitsFor,
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


def waits_for(referral: Referral) -> WaitsFor:
    """Say what somebody waits for who has not begun treatment: who was admitted has had an intake of some kind."""
    is_seen = referral.intake_held_at is not None or referral.status is ReferralStatus.ADMITTED
    return WaitsFor.FIRST_SESSION if is_seen else WaitsFor.INTAKE


def waiting(referral: Referral, now: datetime, due_soon_hours: float) -> WaitingReferral:
    """Say what somebody waits for, and where they stand on the clock as long as it runs."""
    left, waited = ((end / timedelta(hours=1)) for end in (referral.intake_due_at - now, now - referral.received_at))
    sought = waits_for(referral)
    if sought is WaitsFor.FIRST_SESSION:
        standing = None
    elif left <= 0:
        standing = WaitStanding.OVERDUE
    else:
        standing = WaitStanding.DUE_SOON if left <= due_soon_hours else WaitStanding.WITHIN
    return WaitingReferral(
        waits_for=sought,
        standing=standing,
        hours_left=None if standing is None else round(left, 2),
        hours_waited=round(waited, 2),
        referral=referral,
    )


def in_order(referrals: Iterable[Referral]) -> list[Referral]:
    """Put people in the order in which their clocks pass; then, as they asked, those whose clock was stopped.

    Of two at once, the one who was entered first.
    """

    def place(referral: Referral) -> tuple[bool, datetime, ReferralId]:
        return waits_for(referral) is WaitsFor.FIRST_SESSION, referral.intake_due_at, referral.id

    return sorted(referrals, key=place)
