"""What is true of disclosures: how a request becomes a question, and how long the accounting reaches back."""

from datetime import datetime, timedelta
from typing import Final

from services.contracts.disclosure import Purpose
from services.contracts.records.disclosures import DisclosureBasis, DisclosureRequest
from services.policy.decisions.question import (
    Actor,
    Approval,
    CourtOrder,
    Emergency,
    PatientFacts,
    Question,
    Resource,
)
from services.policy.decisions.question import Consent as ConsentFacts
from services.policy.decisions.question import Recipient as RecipientFacts
from services.policy.decisions.question import Restriction as RestrictionFacts

ACCOUNTED: Final = timedelta(days=3 * 366)
"""Three years and a little (42 CFR 2.25(a)), so that no leap year takes a day away."""

_APPROVALS: Final = {Purpose.RESEARCH: Approval.RESEARCH, Purpose.OVERSIGHT: Approval.OVERSIGHT}


def question_of(
    request: DisclosureRequest,
    recipient: RecipientFacts,
    resource: Resource,
    *,
    actor: Actor,
    patient: PatientFacts,
    signed: tuple[tuple[ConsentFacts, ...], tuple[RestrictionFacts, ...]],
    now: datetime,
) -> Question:
    """Write a request for one part of a record down as the decision sees it."""
    consents, restrictions = signed
    return Question(
        actor=actor,
        purpose=request.purpose,
        resource=resource,
        patient=patient,
        now=now,
        recipient=recipient,
        consents=consents,
        restrictions=restrictions,
        emergency=_emergency(request, now),
        court_order=_court_order(request),
        approval=_APPROVALS.get(request.purpose) if request.approval is not None else None,
    )


def reference_of(request: DisclosureRequest, basis: DisclosureBasis) -> str | None:
    """Return the order or the approval that a disclosure rests on."""
    if basis is DisclosureBasis.COURT_ORDER and request.court_order is not None:
        return request.court_order.order
    is_approved = basis in {DisclosureBasis.RESEARCH, DisclosureBasis.OVERSIGHT}
    return request.approval.reference if is_approved and request.approval is not None else None


def subpoena_of(request: DisclosureRequest, basis: DisclosureBasis) -> str | None:
    """Return the subpoena that compels what a court order permits."""
    is_ordered = basis is DisclosureBasis.COURT_ORDER and request.court_order is not None
    return request.court_order.subpoena if is_ordered and request.court_order is not None else None


def _emergency(request: DisclosureRequest, now: datetime) -> Emergency | None:
    told = request.emergency
    if told is None:
        return None
    return Emergency(told.recipient_name, told.facility, told.discloser, told.nature, now)


def _court_order(request: DisclosureRequest) -> CourtOrder | None:
    order = request.court_order
    if order is None:
        return None
    return CourtOrder(
        subpoena=order.subpoena,
        information=order.information,
        issued_at=order.issued_at,
        expires_at=order.expires_at,
        confidential_communications=order.confidential_communications,
    )
