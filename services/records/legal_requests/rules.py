"""What is true of requests that a person answers: by when, and with what."""

from datetime import date, datetime, timedelta
from typing import Final

from services.contracts.records.legal_requests import LegalRequestKind, LegalRequestOutcome, LegalRequestSettlement
from services.records.consents.rules import LAST_ZONE

LIST_WITHIN: Final = timedelta(days=30)
"""42 CFR 2.24(a)(1): of the written request."""


def due_on(kind: LegalRequestKind, received_on: date) -> date | None:
    """Return by when a request is to be answered, or None where no clause says."""
    return received_on + LIST_WITHIN if kind is LegalRequestKind.DISCLOSURE_LIST else None


def is_overdue(due: date | None, settled_at: datetime | None, now: datetime) -> bool:
    """Whether its last day has passed everywhere and nobody has settled it."""
    return due is not None and settled_at is None and now.astimezone(LAST_ZONE).date() > due


def misfit(kind: LegalRequestKind, settlement: LegalRequestSettlement) -> tuple[str, str] | None:
    """Say what of a settlement does not fit to what was asked, as a pointer and what would, or None."""
    is_list = kind is LegalRequestKind.DISCLOSURE_LIST
    is_answered = settlement.outcome is LegalRequestOutcome.ANSWERED
    if is_list and settlement.outcome is LegalRequestOutcome.ORDER_AWAITED:
        return "/outcome", "must be answered or refused: the patient's own request takes no order"
    if not is_list and is_answered:
        return "/outcome", "must be refused or order_awaited: what an order permits is disclosed by it (42 CFR 2.61)"
    if (settlement.disclosures is not None) is not (is_list and is_answered):
        return "/disclosures", "must list what the intermediary disclosed where its list is given, and only there"
    return None
