"""Uses within the programme: by whose duties, and by which relation to the patient (42 CFR 2.12(c)(3))."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.contracts.disclosure import Information, Purpose
from services.contracts.identity import Role
from services.policy.decisions.answer import Basis, Decision, Denial, Obligations, Permission, Rule, Scope
from services.policy.decisions.question import Emergency, Label, Question, Relation

_NOTES: Final = frozenset({Information.COUNSELLING_NOTES})
_WHOLE: Final = frozenset(Information) - _NOTES
_CLINICAL: Final = _WHOLE - {Information.CLAIMS}
_DESK: Final = frozenset(
    {
        Information.DEMOGRAPHICS,
        Information.SCHEDULING,
        Information.TREATMENT_PLAN,
        Information.ATTENDANCE,
        Information.CONSENTS,
    }
)
_BILLING: Final = frozenset(
    {Information.DEMOGRAPHICS, Information.DIAGNOSES, Information.ATTENDANCE, Information.CLAIMS, Information.CONSENTS}
)

NEEDS: Final[Mapping[Role, Mapping[Purpose, frozenset[Information]]]] = MappingProxyType(
    {
        Role.FRONT_DESK: {Purpose.OPERATIONS: _DESK},
        Role.COUNSELLOR: {Purpose.TREATMENT: _CLINICAL, Purpose.OPERATIONS: _DESK},
        Role.SUPERVISOR: {Purpose.TREATMENT: _CLINICAL, Purpose.OPERATIONS: _CLINICAL},
        Role.PRESCRIBER: {Purpose.TREATMENT: _CLINICAL, Purpose.OPERATIONS: _DESK},
        Role.NURSE: {Purpose.TREATMENT: _CLINICAL, Purpose.OPERATIONS: _DESK},
        Role.LAB: {Purpose.TREATMENT: frozenset({Information.DEMOGRAPHICS, Information.DRUG_TESTS})},
        Role.BILLING: {Purpose.PAYMENT: _BILLING},
        Role.PROGRAMME_DIRECTOR: {
            Purpose.TREATMENT: _WHOLE,
            Purpose.PAYMENT: _WHOLE,
            Purpose.OPERATIONS: _WHOLE,
        },
        Role.AUDITOR: {Purpose.OPERATIONS: frozenset({Information.CONSENTS})},
    }
)
"""What the duties of a role need, by purpose; a role that is not here uses nothing."""

EVERY_PATIENT: Final = frozenset(
    {Role.FRONT_DESK, Role.SUPERVISOR, Role.BILLING, Role.PROGRAMME_DIRECTOR, Role.AUDITOR}
)
"""Roles whose duties concern every patient of the organization; the others see those whom they treat."""

# Placing people in a week looks at all of them at once, and tells no name and nothing of what is treated.
_WITHOUT_RELATION: Final = frozenset({Information.SCHEDULING})
_NEAR: Final = frozenset({Relation.CARE_TEAM, Relation.SITE})


def decide_use(question: Question) -> Decision:
    """Decide what somebody of the programme, or the patient, may see."""
    if Relation.SELF in question.patient.relations:
        return _decide_own_access(question)
    if question.resource.information is Information.COUNSELLING_NOTES:
        return _decide_notes(question)
    needing = roles_with_need(question)
    if not needing:
        return Denial(Rule.ROLE_WITHOUT_NEED)
    if _is_within_reach(question, needing):
        return _permitted(question, Basis.USE)
    if question.emergency is not None and _is_open(question.emergency, question):
        return _permitted(question, Basis.BREAK_GLASS)
    return Denial(Rule.NO_RELATION)


def roles_with_need(question: Question) -> frozenset[Role]:
    """Return which of the actor's roles need this information for this purpose."""
    information, nothing = question.resource.information, frozenset[Information]()
    return frozenset(
        role for role in question.actor.roles if information in NEEDS.get(role, {}).get(question.purpose, nothing)
    )


def concerns_everybody(roles: frozenset[Role], information: Information) -> bool:
    """Whether duties of one of these roles need this of every patient."""
    return any(information in needed for role in roles & EVERY_PATIENT for needed in NEEDS[role].values())


def is_reached(roles: frozenset[Role], relations: frozenset[Relation]) -> bool:
    """Whether one who acts in these roles, in these relations, sees this patient."""
    return bool(roles & EVERY_PATIENT) or bool(relations & _NEAR)


def _is_within_reach(question: Question, roles: frozenset[Role]) -> bool:
    return question.resource.information in _WITHOUT_RELATION or is_reached(roles, question.patient.relations)


def _is_open(emergency: Emergency, question: Question) -> bool:
    if not emergency.nature or emergency.at is None or emergency.until is None:
        return False
    return emergency.at <= question.now < emergency.until


def _decide_own_access(question: Question) -> Decision:
    # A patient reads the own record (42 CFR 2.23), but not the notes that a counsellor keeps apart.
    if question.purpose is not Purpose.PATIENT_ACCESS:
        return Denial(Rule.ROLE_WITHOUT_NEED)
    if question.resource.information is Information.COUNSELLING_NOTES:
        return Denial(Rule.NOTES_ARE_THE_AUTHORS)
    if Label.NAMES_OTHER_PATIENTS in question.resource.labels:
        return Denial(Rule.NAMES_OTHERS)
    return _permitted(question, Basis.PATIENT_ACCESS)


def _decide_notes(question: Question) -> Decision:
    # 42 CFR 2.31(b)(1)(i)(A): without a consent of their own only their originator uses them, for treatment.
    is_author = Relation.AUTHOR in question.patient.relations
    if is_author and question.purpose is Purpose.TREATMENT:
        return _permitted(question, Basis.USE)
    return Denial(Rule.NOTES_ARE_THE_AUTHORS)


def _permitted(question: Question, basis: Basis) -> Permission:
    resource = question.resource
    scope = Scope(resource.information, resource.recorded_on, resource.recorded_on)
    return Permission(basis, Obligations(scope=scope, reviewed=basis is Basis.BREAK_GLASS))
