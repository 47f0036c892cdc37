"""Questions for tests: a base that is permitted, and the cells of the matrix."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.contracts.disclosure import (
    TREATMENT_PAYMENT_OPERATIONS,
    ConsentElement,
    ConsentKind,
    Information,
    Purpose,
    RecipientKind,
    Signer,
)
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Role
from services.operator.drill.authorization.cells import Cell
from services.policy.decisions.question import (
    Actor,
    Consent,
    CourtOrder,
    Emergency,
    PatientFacts,
    Question,
    Recipient,
    Relation,
    Resource,
    Restriction,
    Signature,
    Standing,
)

NOW = datetime(2026, 10, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLINIC = OrganizationId(UUID(int=1))
ELSEWHERE = OrganizationId(UUID(int=2))
HOSPITAL = Recipient(UUID(int=3), RecipientKind.TREATING_PROVIDER, hipaa_bound=True)
ALL_BUT_NOTES = frozenset(Information) - {Information.COUNSELLING_NOTES}
SIGNED = Signature(Signer.PATIENT, NOW - HOUR)
ALONE: dict[ConsentKind, dict[str, Any]] = {
    ConsentKind.COUNSELLING_NOTES: {"information": frozenset({Information.COUNSELLING_NOTES})},
    ConsentKind.PROCEEDINGS: {"purposes": frozenset({Purpose.LEGAL_PROCEEDINGS})},
    ConsentKind.CRIMINAL_JUSTICE: {"purposes": frozenset({Purpose.CRIMINAL_JUSTICE_MONITORING})},
    ConsentKind.GENERAL: {"purposes": TREATMENT_PAYMENT_OPERATIONS},
    ConsentKind.SPECIFIC: {},
}
TOLD = Emergency("Dr. A", "Harbour Hospital", "N. Okafor", "overdose", NOW, NOW + HOUR)


def consent(kind: ConsentKind = ConsentKind.SPECIFIC, **changes: Any) -> Consent:
    base = Consent(
        id=uuid4(),
        version=2,
        kind=kind,
        missing=frozenset(),
        information=ALL_BUT_NOTES,
        purposes=frozenset(Purpose) - {Purpose.LEGAL_PROCEEDINGS},
        recipient_ids=frozenset({HOSPITAL.id}),
        recipient_kinds=frozenset(),
        signatures=(SIGNED,),
    )
    return replace(base, **{**ALONE[kind], **changes})


def question(**changes: Any) -> Question:
    role = changes.pop("role", Role.COUNSELLOR)
    relations = changes.pop("relations", frozenset({Relation.CARE_TEAM}))
    standing = changes.pop("standing", Standing.ADULT)
    information = changes.pop("information", Information.TREATMENT_PLAN)
    base = Question(
        actor=Actor(AccountId(UUID(int=9)), CLINIC, frozenset({role})),
        purpose=Purpose.TREATMENT,
        resource=Resource(information),
        patient=PatientFacts(CLINIC, standing, relations),
        now=NOW,
        recipient=HOSPITAL,
        consents=(consent(),),
    )
    return replace(base, **changes)


def of_cell(cell: Cell) -> Question:
    """Build what a cell says, each value by the plainest means."""
    recipient = _recipient(cell)
    purpose, information = Purpose(cell.purpose), Information(cell.information)
    return Question(
        actor=Actor(AccountId(UUID(int=9)), CLINIC if cell.organization == "own" else ELSEWHERE, _roles(cell)),
        purpose=purpose,
        resource=Resource(information),
        patient=PatientFacts(CLINIC, Standing.ADULT, _relations(cell)),
        now=NOW,
        recipient=recipient,
        consents=_consents(cell, purpose, information, recipient),
        restrictions=_restrictions(cell, purpose, information, recipient),
        emergency=_emergency(cell),
        court_order=_order(cell),
    )


def _roles(cell: Cell) -> frozenset[Role]:
    return frozenset({Role(cell.role)})


def _relations(cell: Cell) -> frozenset[Relation]:
    return frozenset() if cell.relation == "none" else frozenset({Relation(cell.relation)})


def _recipient(cell: Cell) -> Recipient | None:
    if cell.recipient == "nobody":
        return None
    if cell.recipient == "other_patient":
        return Recipient(HOSPITAL.id, RecipientKind.PATIENT, hipaa_bound=False)
    kind = RecipientKind(cell.recipient)
    return Recipient(HOSPITAL.id, kind, hipaa_bound=False, is_the_patient=kind is RecipientKind.PATIENT)


def _consents(
    cell: Cell, purpose: Purpose, information: Information, recipient: Recipient | None
) -> tuple[Consent, ...]:
    if cell.form == "none":
        return ()
    kind = ConsentKind(cell.form)
    other_purpose = Purpose.EDUCATION if purpose is Purpose.EMPLOYMENT else Purpose.EMPLOYMENT
    made = consent(kind, recipient_ids=frozenset({recipient.id if recipient else uuid4()}))
    if kind is ConsentKind.SPECIFIC:
        made = replace(made, purposes=frozenset({purpose}))
    changed: dict[str, dict[str, Any]] = {
        "holds": {},
        "expired": {"expires_at": NOW},
        "revoked": {"revoked_at": NOW},
        "deficient": {"missing": frozenset({ConsentElement.RIGHT_TO_REVOKE})},
        "false": {"known_false": True},
        "unsigned": {"signatures": ()},
        "future": {"signatures": (Signature(Signer.PATIENT, NOW + HOUR),)},
        "other_recipient": {"recipient_ids": frozenset({uuid4()})},
        "other_purpose": {"purposes": frozenset({other_purpose})},
        "other_information": {"information": frozenset(Information) - {information}},
    }
    return (replace(made, **changed[cell.condition]),)


def _restrictions(
    cell: Cell, purpose: Purpose, information: Information, recipient: Recipient | None
) -> tuple[Restriction, ...]:
    if cell.restriction == "none" or recipient is None:
        return ()
    return (Restriction(frozenset({information}), frozenset({purpose}), frozenset(), frozenset({recipient.kind})),)


def _emergency(cell: Cell) -> Emergency | None:
    if cell.emergency == "none":
        return None
    if cell.emergency == "covering_colleague":
        return replace(TOLD, nature=cell.emergency)
    missing = cell.emergency.removeprefix("without_") if cell.emergency.startswith("without_") else None
    return replace(TOLD, **{missing: None}) if missing else TOLD


def _order(cell: Cell) -> CourtOrder | None:
    if cell.order == "none":
        return None
    subpoena = "24-cv-118" if cell.order == "with_subpoena" else None
    return CourtOrder(subpoena, frozenset(Information), NOW - HOUR, NOW + HOUR, confidential_communications=False)
