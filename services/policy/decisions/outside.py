"""Disclosures to somebody outside: on consent, in an emergency, by order, or on a written approval."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from types import MappingProxyType
from typing import Final

from services.contracts.disclosure import (
    ConsentKind,
    Information,
    Purpose,
    RecipientKind,
    Redisclosure,
)
from services.contracts.identity import Role
from services.contracts.records.care_teams import MEDICAL_NATURES
from services.policy.decisions.answer import (
    Basis,
    ConsentUsed,
    Decision,
    Denial,
    Obligations,
    Permission,
    Rule,
    Scope,
)
from services.policy.decisions.consents import covering_consent
from services.policy.decisions.necessity import is_needed
from services.policy.decisions.notices import CURRENT_NOTICE
from services.policy.decisions.question import (
    Approval,
    Consent,
    CourtOrder,
    Emergency,
    Label,
    Question,
    Recipient,
    Relation,
    Restriction,
)
from services.policy.decisions.uses import NEEDS, is_reached

_CLINICIANS: Final = frozenset({Role.COUNSELLOR, Role.SUPERVISOR, Role.PRESCRIBER, Role.NURSE, Role.PROGRAMME_DIRECTOR})
_NOTHING: Final = frozenset[Information]()

# Who discloses is shown what is disclosed: no more of it than the duties need (42 CFR 2.12(c)(3)).
DISCLOSED_BY: Final[Mapping[Role, frozenset[Information]]] = MappingProxyType(
    {role: _NOTHING.union(*NEEDS[role].values()) for role in _CLINICIANS | {Role.BILLING}}
)
"""Which parts a role may disclose, billing only for payment; of the notes that are kept apart, see `_hands_on`."""

_MEDICAL: Final = frozenset({RecipientKind.TREATING_PROVIDER})
_NEEDED_IN_EMERGENCY: Final = tuple(one.name for one in fields(Emergency) if one.name != "until")


def decide_disclosure(question: Question, recipient: Recipient) -> Decision:
    """Decide what an outside recipient may be given."""
    asks_for_themselves = question.actor.recipient_id is not None
    flaw = _flaw_of_who_asks(question, recipient) if asks_for_themselves else _flaw_of_who_discloses(question)
    if flaw is not None:
        return Denial(flaw)
    if Label.NAMES_OTHER_PATIENTS in question.resource.labels:
        return Denial(Rule.NAMES_OTHERS)
    by_purpose = _BY_PURPOSE.get(question.purpose, _on_consent)
    return by_purpose(question, recipient)


def _flaw_of_who_discloses(question: Question) -> Rule | None:
    roles = question.actor.roles & DISCLOSED_BY.keys()
    if question.purpose is not Purpose.PAYMENT:
        roles -= {Role.BILLING}
    if not roles:
        return Rule.MAY_NOT_DISCLOSE
    needing = frozenset(role for role in roles if _hands_on(role, question))
    if not needing:
        return Rule.ROLE_WITHOUT_NEED
    # In an emergency whoever is there helps, and is reviewed afterwards.
    is_emergency = question.purpose is Purpose.MEDICAL_EMERGENCY
    return None if is_emergency or is_reached(needing, question.patient.relations) else Rule.MAY_NOT_DISCLOSE


def _hands_on(role: Role, question: Question) -> bool:
    if question.resource.information is not Information.COUNSELLING_NOTES:
        return question.resource.information in DISCLOSED_BY[role]
    # 42 CFR 2.31(b): their author, or who answers for the programme where the author is there no more.
    is_author = Relation.AUTHOR in question.patient.relations
    return role is Role.PROGRAMME_DIRECTOR or (is_author and role in _CLINICIANS)


def _flaw_of_who_asks(question: Question, recipient: Recipient) -> Rule | None:
    # Nobody of the programme looks at what is asked for: it reaches the one person who asks, for this one purpose.
    may_ask = (
        Role.FAMILY in question.actor.roles
        and question.actor.recipient_id == recipient.id
        and recipient.kind is RecipientKind.FAMILY_OR_FRIEND
        and question.purpose is Purpose.FAMILY_INVOLVEMENT
    )
    return None if may_ask else Rule.MAY_NOT_DISCLOSE


def _on_consent(question: Question, recipient: Recipient) -> Decision:
    consent = covering_consent(question)
    if isinstance(consent, Rule):
        return Denial(consent)
    if not is_needed(question.purpose, question.resource.information, question.now.date()):
        return Denial(Rule.NOT_NEEDED_FOR_PURPOSE)
    if any(_restricts(restriction, question, recipient) for restriction in question.restrictions):
        return Denial(Rule.RESTRICTED)
    return Permission(Basis.CONSENT, _duties_of_consent(consent, question, recipient))


def _restricts(restriction: Restriction, question: Question, recipient: Recipient) -> bool:
    return (
        question.resource.information in restriction.information
        and question.purpose in restriction.purposes
        and (recipient.id in restriction.recipient_ids or recipient.kind in restriction.recipient_kinds)
        and _keeps_the_day(restriction, question.resource.recorded_on)
    )


def _keeps_the_day(restriction: Restriction, day: date | None) -> bool:
    first, last = restriction.records_from, restriction.records_until
    if day is None:
        # Of some days it keeps back no part as such: what there is of the part is asked for by its days.
        return first is None and last is None
    return (first or date.min) <= day <= (last or date.max)


def _duties_of_consent(consent: Consent, question: Question, recipient: Recipient) -> Obligations:
    free = recipient.hipaa_bound and consent.kind is ConsentKind.GENERAL
    day = question.resource.recorded_on
    return Obligations(
        scope=Scope(question.resource.information, day or consent.records_from, day or consent.records_until),
        notice=CURRENT_NOTICE,
        consent=ConsentUsed(consent.id, consent.version),
        redisclosure=Redisclosure.HIPAA_RULES if free else Redisclosure.NOT_WITHOUT_NEW_CONSENT,
        accounted=True,
    )


def _without_consent(question: Question, basis: Basis, *, reviewed: bool = False) -> Permission:
    day = question.resource.recorded_on
    obligations = Obligations(
        scope=Scope(question.resource.information, day, day),
        notice=CURRENT_NOTICE,
        redisclosure=Redisclosure.NOT_WITHOUT_NEW_CONSENT,
        accounted=True,
        reviewed=reviewed,
    )
    return Permission(basis, obligations)


def _in_emergency(question: Question, recipient: Recipient) -> Decision:
    # 42 CFR 2.31(b) binds notwithstanding the rest of its subpart: what an emergency needs is not in these notes.
    if question.resource.information is Information.COUNSELLING_NOTES:
        return Denial(Rule.NOTES_ARE_THE_AUTHORS)
    if recipient.kind not in _MEDICAL:
        return Denial(Rule.EMERGENCY_NOT_TO_MEDICAL_STAFF)
    emergency = question.emergency
    if emergency is None or not all(getattr(emergency, name) for name in _NEEDED_IN_EMERGENCY):
        return Denial(Rule.EMERGENCY_UNTOLD)
    if emergency.nature not in MEDICAL_NATURES:
        return Denial(Rule.EMERGENCY_NOT_MEDICAL)
    return _without_consent(question, Basis.EMERGENCY, reviewed=True)


def _in_proceedings(question: Question, recipient: Recipient) -> Decision:
    on_consent = _on_consent(question, recipient)
    if isinstance(on_consent, Permission):
        return on_consent
    if question.court_order is None:
        # A consent of the right kind that does not hold says more than that there is no order.
        is_near = on_consent.rule not in {Rule.NO_CONSENT, Rule.CONSENT_OF_ANOTHER_KIND}
        return on_consent if is_near else Denial(Rule.ORDER_NEEDED)
    return _by_order(question, question.court_order)


def _by_order(question: Question, order: CourtOrder) -> Decision:
    if not order.subpoena:
        return Denial(Rule.ORDER_WITHOUT_SUBPOENA)
    in_force = order.issued_at <= question.now and (order.expires_at is None or question.now < order.expires_at)
    is_note = question.resource.information is Information.COUNSELLING_NOTES
    reaches = question.resource.information in order.information
    if not (in_force and reaches and (order.confidential_communications or not is_note)):
        return Denial(Rule.ORDER_DOES_NOT_REACH)
    return _without_consent(question, Basis.COURT_ORDER, reviewed=True)


def _in_an_investigation(_question: Question, _recipient: Recipient) -> Decision:
    return Denial(Rule.INVESTIGATION_GOES_TO_A_PERSON)


def _on_approval(kind: Approval, basis: Basis, recipients: RecipientKind) -> "_Decider":
    def decide(question: Question, recipient: Recipient) -> Decision:
        is_note = question.resource.information is Information.COUNSELLING_NOTES
        if question.approval is kind and recipient.kind is recipients and not is_note:
            return _without_consent(question, basis)
        on_consent = _on_consent(question, recipient)
        if isinstance(on_consent, Denial) and on_consent.rule is Rule.NO_CONSENT:
            return Denial(Rule.APPROVAL_NEEDED)
        return on_consent

    return decide


def _for_public_health(question: Question, recipient: Recipient) -> Decision:
    is_authority = recipient.kind is RecipientKind.PUBLIC_HEALTH_AUTHORITY
    if question.resource.information is Information.COUNSELLING_NOTES:
        return Denial(Rule.NOTES_ARE_THE_AUTHORS)
    if is_authority and Label.DE_IDENTIFIED in question.resource.labels:
        return _without_consent(question, Basis.PUBLIC_HEALTH)
    return Denial(Rule.NOT_DE_IDENTIFIED)


def _to_the_patient(question: Question, recipient: Recipient) -> Decision:
    if recipient.kind is not RecipientKind.PATIENT:
        return Denial(Rule.NO_CONSENT)
    if not recipient.is_the_patient:
        return Denial(Rule.RECIPIENT_IS_NOT_THE_PATIENT)
    if question.resource.information is Information.COUNSELLING_NOTES:
        return Denial(Rule.NOTES_ARE_THE_AUTHORS)
    day = question.resource.recorded_on
    scope = Scope(question.resource.information, day, day)
    return Permission(Basis.PATIENT_ACCESS, Obligations(scope=scope))


_Decider = Callable[[Question, Recipient], Decision]

_BY_PURPOSE: Final[Mapping[Purpose, _Decider]] = MappingProxyType(
    {
        Purpose.MEDICAL_EMERGENCY: _in_emergency,
        Purpose.LEGAL_PROCEEDINGS: _in_proceedings,
        Purpose.INVESTIGATION: _in_an_investigation,
        Purpose.RESEARCH: _on_approval(Approval.RESEARCH, Basis.RESEARCH, RecipientKind.RESEARCHER),
        Purpose.OVERSIGHT: _on_approval(Approval.OVERSIGHT, Basis.OVERSIGHT, RecipientKind.OVERSIGHT_AGENCY),
        Purpose.PUBLIC_HEALTH: _for_public_health,
        Purpose.PATIENT_ACCESS: _to_the_patient,
    }
)
