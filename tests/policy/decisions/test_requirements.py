"""P1 to P28 of the domain, each that is a decision, as tables of what must be answered."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.contracts.disclosure import (
    WITHOUT_CONSENT,
    ConsentElement,
    ConsentKind,
    Information,
    Purpose,
    RecipientKind,
    Redisclosure,
    Signer,
)
from services.contracts.identity import Role
from services.contracts.records.care_teams import EmergencyNature
from services.policy.decisions.answer import Basis, Decision, Denial, Permission, Rule
from services.policy.decisions.decide import decide
from services.policy.decisions.necessity import NECESSARY
from services.policy.decisions.notices import CURRENT_NOTICE, NOTICES, SHORT_NOTICE
from services.policy.decisions.question import (
    Approval,
    CourtOrder,
    Label,
    Recipient,
    Relation,
    Resource,
    Restriction,
    Signature,
    Standing,
)
from services.policy.decisions.uses import NEEDS
from tests.policy.decisions.asking import ALL_BUT_NOTES, ELSEWHERE, HOSPITAL, HOUR, NOW, SIGNED, TOLD, consent, question

GENERAL = consent(ConsentKind.GENERAL)
PERMIT = "permit"
ORDER = CourtOrder("24-cv-118", frozenset(Information), NOW - HOUR, None, confidential_communications=False)


def outcome(decision: Decision) -> str:
    return PERMIT if isinstance(decision, Permission) else decision.rule


def to(kind: RecipientKind, **changes: Any) -> Recipient:
    return replace(Recipient(HOSPITAL.id, kind, hipaa_bound=False), **changes)


def used(**changes: Any) -> Decision:
    return decide(question(recipient=None, consents=(), **changes))


def test_the_base_question_is_permitted() -> None:
    assert isinstance(decide(question()), Permission)
    assert isinstance(used(), Permission)


def test_p1_nobody_of_another_organization_learns_anything() -> None:
    stranger = replace(question().actor, organization_id=ELSEWHERE)

    assert outcome(used(actor=stranger)) == Rule.OTHER_ORGANIZATION
    assert outcome(decide(question(actor=stranger))) == Rule.OTHER_ORGANIZATION


@pytest.mark.parametrize(
    ("role", "purpose", "information", "expected"),
    [
        (Role.FRONT_DESK, Purpose.OPERATIONS, Information.DEMOGRAPHICS, PERMIT),
        (Role.FRONT_DESK, Purpose.OPERATIONS, Information.PROGRESS_NOTES, Rule.ROLE_WITHOUT_NEED),
        (Role.FRONT_DESK, Purpose.TREATMENT, Information.DEMOGRAPHICS, Rule.ROLE_WITHOUT_NEED),
        (Role.BILLING, Purpose.PAYMENT, Information.CLAIMS, PERMIT),
        (Role.BILLING, Purpose.PAYMENT, Information.PROGRESS_NOTES, Rule.ROLE_WITHOUT_NEED),
        (Role.LAB, Purpose.TREATMENT, Information.DRUG_TESTS, PERMIT),
        (Role.LAB, Purpose.TREATMENT, Information.ASSESSMENTS, Rule.ROLE_WITHOUT_NEED),
        (Role.AUDITOR, Purpose.OPERATIONS, Information.DEMOGRAPHICS, Rule.ROLE_WITHOUT_NEED),
        (Role.ORGANIZATION_ADMIN, Purpose.OPERATIONS, Information.DEMOGRAPHICS, Rule.ROLE_WITHOUT_NEED),
        (Role.PLATFORM_OPERATOR, Purpose.OPERATIONS, Information.SCHEDULING, Rule.ROLE_WITHOUT_NEED),
        (Role.FAMILY, Purpose.TREATMENT, Information.SCHEDULING, Rule.ROLE_WITHOUT_NEED),
    ],
)
def test_p2_a_use_needs_a_duty(role: Role, purpose: Purpose, information: Information, expected: str) -> None:
    assert outcome(used(role=role, purpose=purpose, information=information)) == expected


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.NURSE, Role.PRESCRIBER])
def test_a_clinician_sees_those_whom_they_treat_or_breaks_the_glass(role: Role) -> None:
    alone = {"role": role, "relations": frozenset[Relation]()}

    assert outcome(used(**alone)) == Rule.NO_RELATION
    assert outcome(used(**alone, information=Information.SCHEDULING)) == PERMIT
    assert outcome(used(role=role, relations=frozenset({Relation.SITE}))) == PERMIT
    broken = used(**alone, emergency=TOLD)
    assert isinstance(broken, Permission)
    assert (broken.basis, broken.obligations.reviewed) == (Basis.BREAK_GLASS, True)


@pytest.mark.parametrize(
    "changes", [{"nature": ""}, {"nature": None}, {"at": None}, {"until": None}, {"until": NOW}, {"at": NOW + HOUR}]
)
def test_broken_glass_is_whole_again_after_a_while(changes: dict[str, Any]) -> None:
    assert outcome(used(relations=frozenset(), emergency=replace(TOLD, **changes))) == Rule.NO_RELATION


@pytest.mark.parametrize("element", list(ConsentElement))
def test_p3_a_consent_without_an_element_permits_nothing(element: ConsentElement) -> None:
    assert outcome(decide(question(consents=(consent(missing=frozenset({element})),)))) == Rule.CONSENT_DEFICIENT


def test_p4_an_intermediary_is_named_itself() -> None:
    exchange = to(RecipientKind.INTERMEDIARY, id=uuid4())
    by_class = consent(recipient_kinds=frozenset({RecipientKind.INTERMEDIARY}))

    denied = decide(question(recipient=exchange, consents=(by_class,)))
    named = decide(question(recipient=exchange, consents=(consent(recipient_ids=frozenset({exchange.id})),)))

    assert outcome(denied) == Rule.CONSENT_DOES_NOT_NAME_RECIPIENT
    assert outcome(named) == PERMIT


@pytest.mark.parametrize("purpose", list(Purpose))
def test_p5_a_general_consent_serves_treatment_payment_and_operations_only(purpose: Purpose) -> None:
    wide = consent(ConsentKind.GENERAL, purposes=frozenset(Purpose))
    decision = decide(question(purpose=purpose, consents=(wide,), role=Role.PROGRAMME_DIRECTOR))

    assert isinstance(decision, Permission) is (purpose in {Purpose.TREATMENT, Purpose.PAYMENT, Purpose.OPERATIONS})


@pytest.mark.parametrize(
    ("given", "bound", "expected"),
    [
        (GENERAL, True, Redisclosure.HIPAA_RULES),
        (GENERAL, False, Redisclosure.NOT_WITHOUT_NEW_CONSENT),
        (consent(), True, Redisclosure.NOT_WITHOUT_NEW_CONSENT),
    ],
)
def test_p6_only_who_is_bound_by_hipaa_passes_on_what_a_general_consent_gave(
    given: Any, bound: object, expected: Redisclosure
) -> None:
    decision = decide(question(consents=(given,), recipient=replace(HOSPITAL, hipaa_bound=bool(bound))))

    assert isinstance(decision, Permission)
    assert decision.obligations.redisclosure is expected


def test_p7_and_p8_a_disclosure_carries_the_notice_and_the_consent_it_rests_on() -> None:
    relied_upon = consent()
    decision = decide(question(consents=(relied_upon,)))

    assert isinstance(decision, Permission)
    duties = decision.obligations
    assert duties.notice == CURRENT_NOTICE
    assert duties.consent is not None
    assert (duties.consent.id, duties.consent.version) == (relied_upon.id, relied_upon.version)
    assert duties.accounted
    assert NOTICES[SHORT_NOTICE] == "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
    assert NOTICES[CURRENT_NOTICE].startswith("This record which has been disclosed to you is protected by Federal")
    assert NOTICES[CURRENT_NOTICE].endswith("redisclose the record (see 42 CFR 2.31).")


@pytest.mark.parametrize("kind", [one for one in ConsentKind if one is not ConsentKind.COUNSELLING_NOTES])
def test_p9_counselling_notes_never_go_by_another_consent(kind: ConsentKind) -> None:
    everything = consent(kind, information=frozenset(Information))

    asked = {"role": Role.PROGRAMME_DIRECTOR, "information": Information.COUNSELLING_NOTES}
    decision = decide(question(**asked, consents=(everything,)))

    assert outcome(decision) == Rule.CONSENT_OF_ANOTHER_KIND


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.SUPERVISOR, Role.PROGRAMME_DIRECTOR, Role.PRESCRIBER])
def test_p9_within_the_programme_they_are_their_author_s(role: Role) -> None:
    notes = {"role": role, "information": Information.COUNSELLING_NOTES}

    assert outcome(used(**notes)) == Rule.NOTES_ARE_THE_AUTHORS
    assert outcome(used(**notes, relations=frozenset({Relation.AUTHOR}))) == PERMIT
    assert (
        outcome(used(**notes, relations=frozenset({Relation.AUTHOR}), purpose=Purpose.OPERATIONS))
        == Rule.NOTES_ARE_THE_AUTHORS
    )


def test_p10_a_consent_for_notes_covers_notes_alone() -> None:
    alone = consent(ConsentKind.COUNSELLING_NOTES)
    combined = replace(alone, information=frozenset(Information))
    notes = {"role": Role.PROGRAMME_DIRECTOR, "information": Information.COUNSELLING_NOTES}

    assert outcome(decide(question(**notes, consents=(alone,)))) == PERMIT
    assert outcome(decide(question(**notes, consents=(combined,)))) == Rule.CONSENT_OF_ANOTHER_KIND
    assert outcome(decide(question(consents=(combined,)))) == Rule.CONSENT_OF_ANOTHER_KIND


@pytest.mark.parametrize(
    ("consents", "order", "expected"),
    [
        ((), None, Rule.ORDER_NEEDED),
        ((GENERAL,), None, Rule.ORDER_NEEDED),
        ((consent(ConsentKind.PROCEEDINGS),), None, PERMIT),
        ((consent(ConsentKind.PROCEEDINGS, revoked_at=NOW),), None, Rule.CONSENT_REVOKED),
        (
            (consent(ConsentKind.PROCEEDINGS, purposes=frozenset({Purpose.LEGAL_PROCEEDINGS, Purpose.TREATMENT})),),
            None,
            Rule.ORDER_NEEDED,
        ),
        ((), replace(ORDER, subpoena=None), Rule.ORDER_WITHOUT_SUBPOENA),
        ((), ORDER, PERMIT),
        ((), replace(ORDER, information=frozenset()), Rule.ORDER_DOES_NOT_REACH),
        ((), replace(ORDER, expires_at=NOW), Rule.ORDER_DOES_NOT_REACH),
        ((), replace(ORDER, issued_at=NOW + HOUR), Rule.ORDER_DOES_NOT_REACH),
    ],
)
def test_p11_proceedings_need_their_own_consent_or_an_order_with_a_subpoena(
    consents: Any, order: CourtOrder | None, expected: str
) -> None:
    decision = decide(
        question(
            purpose=Purpose.LEGAL_PROCEEDINGS,
            recipient=to(RecipientKind.COURT),
            consents=consents,
            court_order=order,
        )
    )

    assert outcome(decision) == expected


def test_p11_notes_reach_a_court_only_with_the_findings_of_2_63() -> None:
    asked = question(
        role=Role.PROGRAMME_DIRECTOR,
        purpose=Purpose.LEGAL_PROCEEDINGS,
        information=Information.COUNSELLING_NOTES,
        recipient=to(RecipientKind.COURT),
        court_order=ORDER,
        consents=(),
    )
    with_findings = replace(asked, court_order=replace(ORDER, confidential_communications=True))

    assert outcome(decide(asked)) == Rule.ORDER_DOES_NOT_REACH
    assert outcome(decide(with_findings)) == PERMIT


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"revoked_at": NOW}, Rule.CONSENT_REVOKED),
        ({"revoked_at": NOW + HOUR}, PERMIT),
        ({"expires_at": NOW}, Rule.CONSENT_EXPIRED),
        ({"expires_at": NOW + HOUR}, PERMIT),
        ({"known_false": True}, Rule.CONSENT_FALSE),
        ({"signatures": ()}, Rule.PATIENT_HAS_NOT_SIGNED),
        ({"signatures": (Signature(Signer.PATIENT, NOW + HOUR),)}, Rule.CONSENT_NOT_YET_SIGNED),
    ],
)
def test_p12_and_p13_a_consent_that_does_not_hold_permits_nothing(changes: dict[str, Any], expected: str) -> None:
    assert outcome(decide(question(consents=(consent(**changes),)))) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 1, 1), PERMIT),
        (date(2026, 3, 31), PERMIT),
        (date(2025, 12, 31), Rule.CONSENT_OF_OTHER_DAYS),
        (date(2026, 4, 1), Rule.CONSENT_OF_OTHER_DAYS),
    ],
)
def test_p14_only_the_days_that_the_consent_describes(day: date, expected: str) -> None:
    quarter = consent(records_from=date(2026, 1, 1), records_until=date(2026, 3, 31))

    decision = decide(question(consents=(quarter,), resource=Resource(Information.TREATMENT_PLAN, day)))

    assert outcome(decision) == expected


def test_p14_the_scope_is_what_was_asked_within_what_was_consented_to() -> None:
    quarter = consent(records_from=date(2026, 1, 1), records_until=date(2026, 3, 31))
    decision = decide(question(consents=(quarter,)))
    narrow = consent(information=frozenset({Information.ATTENDANCE}))

    assert isinstance(decision, Permission)
    scope = decision.obligations.scope
    assert (scope.information, scope.records_from, scope.records_until) == (
        Information.TREATMENT_PLAN,
        date(2026, 1, 1),
        date(2026, 3, 31),
    )
    assert outcome(decide(question(consents=(narrow,)))) == Rule.CONSENT_WITHOUT_INFORMATION


@pytest.mark.parametrize(
    ("purpose", "unneeded"),
    [
        (Purpose.TREATMENT, set[Information]()),
        (
            Purpose.PAYMENT,
            {Information.SCHEDULING, Information.DRUG_TESTS, Information.PROGRESS_NOTES, Information.CONSENTS},
        ),
        (Purpose.OPERATIONS, {Information.MEDICATION, Information.DRUG_TESTS, Information.PROGRESS_NOTES}),
        (Purpose.EMPLOYMENT, set[Information]()),
    ],
)
def test_p14_no_more_than_the_purpose_needs(purpose: Purpose, unneeded: set[Information]) -> None:
    asked = question(purpose=purpose, role=Role.PROGRAMME_DIRECTOR)

    denied = {one for one in ALL_BUT_NOTES if outcome(decide(replace(asked, resource=Resource(one)))) != PERMIT}
    rules = {outcome(decide(replace(asked, resource=Resource(one)))) for one in denied}

    assert denied == unneeded
    assert rules <= {Rule.NOT_NEEDED_FOR_PURPOSE}


def test_p14_what_a_purpose_needs_is_dated_and_cited() -> None:
    assert {one.purpose for one in NECESSARY} == {Purpose.PAYMENT, Purpose.OPERATIONS}
    assert len({(one.purpose, one.effective_from) for one in NECESSARY}) == len(NECESSARY)
    assert all("42 CFR 2.13(a)" in one.citation for one in NECESSARY)
    first = min(one.effective_from for one in NECESSARY)
    before = datetime.combine(first, time(), UTC) - HOUR
    since = replace(SIGNED, signed_at=before)
    asked = question(
        purpose=Purpose.PAYMENT, information=Information.DRUG_TESTS, consents=(consent(signatures=(since,)),)
    )

    assert outcome(decide(replace(asked, now=before))) == PERMIT
    assert outcome(decide(replace(asked, now=before + HOUR))) == Rule.NOT_NEEDED_FOR_PURPOSE


@pytest.mark.parametrize("role", sorted(Role))
@pytest.mark.parametrize("information", sorted(Information))
@pytest.mark.parametrize("is_author", [True, False])
def test_p14_nobody_discloses_what_the_own_duties_do_not_need(
    *, role: Role, information: Information, is_author: bool
) -> None:
    kind = ConsentKind.COUNSELLING_NOTES if information is Information.COUNSELLING_NOTES else ConsentKind.PROCEEDINGS
    used = {part for needed in NEEDS.get(role, {}).values() for part in needed}
    discloses = role in {
        Role.COUNSELLOR, Role.SUPERVISOR, Role.PRESCRIBER, Role.NURSE, Role.PROGRAMME_DIRECTOR,
    }  # fmt: skip
    purpose = Purpose.TREATMENT if kind is ConsentKind.COUNSELLING_NOTES else Purpose.LEGAL_PROCEEDINGS
    asked = question(
        role=role,
        relations=frozenset(Relation) - (frozenset() if is_author else {Relation.AUTHOR}),
        purpose=purpose,
        information=information,
        consents=(consent(kind),),
    )
    is_director, is_note = role is Role.PROGRAMME_DIRECTOR, kind is ConsentKind.COUNSELLING_NOTES
    expected = discloses and (is_director if is_note and not is_author else is_note or information in used)

    assert (outcome(decide(asked)) == PERMIT) is expected
    if not discloses:
        assert outcome(decide(asked)) == Rule.MAY_NOT_DISCLOSE
    elif not expected:
        assert outcome(decide(asked)) == Rule.ROLE_WITHOUT_NEED


@pytest.mark.parametrize("member", ["recipient_name", "facility", "discloser", "nature", "at"])
def test_p15_an_emergency_is_told_whole(member: str) -> None:
    asked = {"purpose": Purpose.MEDICAL_EMERGENCY, "consents": (), "relations": frozenset[Relation]()}

    told = decide(question(**asked, emergency=TOLD))
    untold = decide(question(**asked, emergency=replace(TOLD, **{member: None})))

    assert isinstance(told, Permission)
    assert (told.basis, told.obligations.reviewed, told.obligations.accounted) == (Basis.EMERGENCY, True, True)
    assert outcome(untold) == Rule.EMERGENCY_UNTOLD
    assert outcome(decide(question(**asked))) == Rule.EMERGENCY_UNTOLD
    assert (
        outcome(decide(question(**asked, emergency=TOLD, recipient=to(RecipientKind.EMPLOYER))))
        == Rule.EMERGENCY_NOT_TO_MEDICAL_STAFF
    )


@pytest.mark.parametrize("nature", list(EmergencyNature))
def test_p15_a_colleague_s_cover_is_no_medical_emergency(nature: EmergencyNature) -> None:
    told = replace(TOLD, nature=nature)

    decision = decide(question(purpose=Purpose.MEDICAL_EMERGENCY, consents=(), emergency=told))

    expected = Rule.EMERGENCY_NOT_MEDICAL if nature is EmergencyNature.COVERING_COLLEAGUE else PERMIT
    assert outcome(decision) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Rule.RESTRICTED),
        ({"information": frozenset({Information.CLAIMS})}, PERMIT),
        ({"purposes": frozenset({Purpose.PAYMENT})}, PERMIT),
        ({"recipient_kinds": frozenset({RecipientKind.HEALTH_PLAN})}, PERMIT),
    ],
)
def test_p18_a_granted_restriction_overrides_consent(changes: dict[str, Any], expected: str) -> None:
    restriction = Restriction(
        information=frozenset({Information.TREATMENT_PLAN}),
        purposes=frozenset({Purpose.TREATMENT}),
        recipient_ids=frozenset(),
        recipient_kinds=frozenset({RecipientKind.TREATING_PROVIDER}),
    )

    decision = decide(question(consents=(GENERAL,), restrictions=(replace(restriction, **changes),)))

    assert outcome(decision) == expected


@pytest.mark.parametrize("purpose", sorted(frozenset(Purpose) - WITHOUT_CONSENT))
def test_p18_a_granted_restriction_holds_for_every_purpose_of_a_consent(purpose: Purpose) -> None:
    kind = {
        Purpose.LEGAL_PROCEEDINGS: ConsentKind.PROCEEDINGS,
        Purpose.CRIMINAL_JUSTICE_MONITORING: ConsentKind.CRIMINAL_JUSTICE,
    }.get(purpose, ConsentKind.SPECIFIC)
    kept = Restriction(
        frozenset({Information.TREATMENT_PLAN}), frozenset({purpose}), frozenset(), frozenset({RecipientKind.COURT})
    )
    asked = question(purpose=purpose, consents=(consent(kind),), recipient=to(RecipientKind.COURT))

    assert outcome(decide(asked)) == PERMIT
    assert outcome(decide(replace(asked, restrictions=(kept,)))) == Rule.RESTRICTED


@pytest.mark.parametrize(
    ("first", "last", "kept"),
    [
        (None, None, {3, 4, 5, 6, None}),
        (date(2026, 10, 4), date(2026, 10, 5), {4, 5}),
        (date(2026, 10, 4), None, {4, 5, 6}),
        (None, date(2026, 10, 5), {3, 4, 5}),
    ],
)
def test_p18_a_restriction_of_some_days_keeps_back_those_days(
    first: date | None, last: date | None, kept: set[int | None]
) -> None:
    restriction = Restriction(
        information=frozenset({Information.ATTENDANCE}),
        purposes=frozenset({Purpose.TREATMENT}),
        recipient_ids=frozenset({HOSPITAL.id}),
        recipient_kinds=frozenset(),
        records_from=first,
        records_until=last,
    )

    def answered(day: int | None) -> str:
        on = None if day is None else date(2026, 10, day)
        return outcome(decide(question(resource=Resource(Information.ATTENDANCE, on), restrictions=(restriction,))))

    assert {day for day in (3, 4, 5, 6, None) if answered(day) == Rule.RESTRICTED} == kept


PARENT = Signature(Signer.PARENT_OR_GUARDIAN, NOW - HOUR, NOW - 2 * HOUR)
GUARDIAN = Signature(Signer.PERSONAL_REPRESENTATIVE, NOW - HOUR, NOW - 2 * HOUR, NOW)
MINOR = Signature(Signer.PATIENT, NOW - HOUR)


@pytest.mark.parametrize(
    ("standing", "signatures", "expected"),
    [
        (Standing.MINOR_ALONE, (MINOR,), PERMIT),
        (Standing.MINOR_ALONE, (PARENT,), Rule.PATIENT_HAS_NOT_SIGNED),
        (Standing.MINOR_WITH_PARENT, (MINOR,), Rule.PARENT_HAS_NOT_SIGNED),
        (Standing.MINOR_WITH_PARENT, (PARENT,), Rule.PATIENT_HAS_NOT_SIGNED),
        (Standing.MINOR_WITH_PARENT, (MINOR, PARENT), PERMIT),
        (Standing.MINOR_WITH_PARENT, (MINOR, replace(PARENT, authority_from=None)), Rule.PARENT_HAS_NOT_SIGNED),
        (Standing.MINOR_OF_UNKNOWN_STATE, (MINOR,), Rule.STATE_RULE_MISSING),
        (Standing.MINOR_OF_UNKNOWN_STATE, (MINOR, PARENT), Rule.STATE_RULE_MISSING),
        (Standing.ADULT, (PARENT,), Rule.PATIENT_HAS_NOT_SIGNED),
        (Standing.LACKS_CAPACITY, (MINOR,), Rule.REPRESENTATIVE_WITHOUT_AUTHORITY),
        (Standing.LACKS_CAPACITY, (GUARDIAN,), PERMIT),
        (
            Standing.LACKS_CAPACITY,
            (replace(GUARDIAN, authority_until=NOW - HOUR),),
            Rule.REPRESENTATIVE_WITHOUT_AUTHORITY,
        ),
        (Standing.LACKS_CAPACITY, (replace(GUARDIAN, authority_from=NOW),), Rule.REPRESENTATIVE_WITHOUT_AUTHORITY),
    ],
)
def test_p20_and_p21_the_right_people_sign_with_authority(
    standing: Standing, signatures: tuple[Signature, ...], expected: str
) -> None:
    assert outcome(decide(question(standing=standing, consents=(consent(signatures=signatures),)))) == expected


@pytest.mark.parametrize("information", list(Information))
def test_p22_a_patient_reads_the_own_record_but_the_notes(information: Information) -> None:
    own = {"role": Role.PATIENT, "relations": frozenset({Relation.SELF}), "purpose": Purpose.PATIENT_ACCESS}

    decision = used(**own, information=information)

    assert isinstance(decision, Permission) is (information in ALL_BUT_NOTES)


@pytest.mark.parametrize(("is_the_patient", "expected"), [(True, PERMIT), (False, Rule.RECIPIENT_IS_NOT_THE_PATIENT)])
def test_p22_a_copy_goes_to_the_patient_whose_record_it_is(*, is_the_patient: bool, expected: str) -> None:
    recipient = to(RecipientKind.PATIENT, is_the_patient=is_the_patient)

    decision = decide(question(purpose=Purpose.PATIENT_ACCESS, recipient=recipient, consents=()))

    assert outcome(decision) == expected


@pytest.mark.parametrize(
    ("is_the_patient", "expected"), [(True, PERMIT), (False, Rule.CONSENT_DOES_NOT_NAME_RECIPIENT)]
)
def test_of_the_class_of_patients_a_consent_means_who_gave_it(*, is_the_patient: bool, expected: str) -> None:
    by_class = consent(recipient_ids=frozenset(), recipient_kinds=frozenset({RecipientKind.PATIENT}))
    recipient = to(RecipientKind.PATIENT, is_the_patient=is_the_patient)

    assert outcome(decide(question(recipient=recipient, consents=(by_class,)))) == expected


@pytest.mark.parametrize(
    ("kind", "recipient", "expected"),
    [
        (ConsentKind.CRIMINAL_JUSTICE, RecipientKind.CRIMINAL_JUSTICE, PERMIT),
        (ConsentKind.CRIMINAL_JUSTICE, RecipientKind.EMPLOYER, Rule.CONSENT_DOES_NOT_NAME_RECIPIENT),
        (ConsentKind.GENERAL, RecipientKind.CRIMINAL_JUSTICE, Rule.CONSENT_OF_ANOTHER_KIND),
    ],
)
def test_p23_who_monitors_a_patient_for_a_court_has_a_consent_of_that_kind(
    kind: ConsentKind, recipient: RecipientKind, expected: str
) -> None:
    asked = question(purpose=Purpose.CRIMINAL_JUSTICE_MONITORING, recipient=to(recipient), consents=(consent(kind),))

    assert outcome(decide(asked)) == expected


@pytest.mark.parametrize(
    ("purpose", "recipient", "approval", "labels", "expected"),
    [
        (Purpose.RESEARCH, RecipientKind.RESEARCHER, Approval.RESEARCH, (), PERMIT),
        (Purpose.RESEARCH, RecipientKind.RESEARCHER, None, (), Rule.APPROVAL_NEEDED),
        (Purpose.RESEARCH, RecipientKind.EMPLOYER, Approval.RESEARCH, (), Rule.APPROVAL_NEEDED),
        (Purpose.OVERSIGHT, RecipientKind.OVERSIGHT_AGENCY, Approval.OVERSIGHT, (), PERMIT),
        (Purpose.OVERSIGHT, RecipientKind.OVERSIGHT_AGENCY, Approval.RESEARCH, (), Rule.APPROVAL_NEEDED),
        (Purpose.PUBLIC_HEALTH, RecipientKind.PUBLIC_HEALTH_AUTHORITY, None, (), Rule.NOT_DE_IDENTIFIED),
        (Purpose.PUBLIC_HEALTH, RecipientKind.PUBLIC_HEALTH_AUTHORITY, None, (Label.DE_IDENTIFIED,), PERMIT),
        (Purpose.PUBLIC_HEALTH, RecipientKind.EMPLOYER, None, (Label.DE_IDENTIFIED,), Rule.NOT_DE_IDENTIFIED),
    ],
)
def test_p24_research_oversight_and_public_health_have_bases_of_their_own(
    purpose: Purpose, recipient: RecipientKind, approval: Approval | None, labels: tuple[Label, ...], expected: str
) -> None:
    asked = question(
        purpose=purpose,
        recipient=to(recipient),
        approval=approval,
        consents=(),
        resource=Resource(Information.TREATMENT_PLAN, labels=frozenset(labels)),
    )

    assert outcome(decide(asked)) == expected


def test_p25_an_investigation_is_a_person_s_to_answer_whatever_is_attached() -> None:
    asked = question(
        purpose=Purpose.INVESTIGATION,
        recipient=to(RecipientKind.LAW_ENFORCEMENT),
        court_order=ORDER,
        consents=tuple(consent(kind) for kind in ConsentKind),
    )

    assert outcome(decide(asked)) == Rule.INVESTIGATION_GOES_TO_A_PERSON


def test_p28_what_names_other_patients_leaves_to_nobody() -> None:
    of_a_group = Resource(Information.ATTENDANCE, labels=frozenset({Label.NAMES_OTHER_PATIENTS}))
    own = {"role": Role.PATIENT, "relations": frozenset({Relation.SELF}), "purpose": Purpose.PATIENT_ACCESS}

    assert outcome(decide(question(resource=of_a_group))) == Rule.NAMES_OTHERS
    assert outcome(used(**own, resource=of_a_group)) == Rule.NAMES_OTHERS


@pytest.mark.parametrize("rule", list(Rule))
def test_every_denial_cites_its_clause_and_says_how_to_satisfy_it(rule: Rule) -> None:
    denial = Denial(rule)

    assert denial.clause.startswith(("42 CFR 2.", "45 CFR"))
    assert len(denial.remedy) > 10


RELATIVE = Recipient(HOSPITAL.id, RecipientKind.FAMILY_OR_FRIEND, hipaa_bound=False)
NAMED = consent(ConsentKind.SPECIFIC, purposes=frozenset({Purpose.FAMILY_INVOLVEMENT}), recipient_kinds=frozenset())


def asked_by_the_relative(**changes: Any) -> Decision:
    actor = replace(question().actor, roles=frozenset({Role.FAMILY}), recipient_id=RELATIVE.id)
    asked = {
        "actor": actor, "purpose": Purpose.FAMILY_INVOLVEMENT, "recipient": RELATIVE, "consents": (NAMED,), **changes,
    }  # fmt: skip
    patient = replace(question().patient, relations=frozenset())
    return decide(replace(question(), patient=patient, **asked))


def test_a_related_person_asks_for_themselves_on_a_consent_that_names_them() -> None:
    decision = asked_by_the_relative()

    assert isinstance(decision, Permission)
    assert decision.obligations.accounted
    assert decision.obligations.notice == CURRENT_NOTICE
    assert decision.obligations.redisclosure is Redisclosure.NOT_WITHOUT_NEW_CONSENT


_ACTOR = replace(question().actor, roles=frozenset({Role.FAMILY}), recipient_id=RELATIVE.id)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"actor": replace(_ACTOR, recipient_id=UUID(int=9))}, Rule.MAY_NOT_DISCLOSE),
        ({"actor": replace(_ACTOR, recipient_id=None)}, Rule.MAY_NOT_DISCLOSE),
        ({"actor": replace(_ACTOR, roles=frozenset({Role.PATIENT}))}, Rule.MAY_NOT_DISCLOSE),
        ({"actor": replace(_ACTOR, roles=frozenset({Role.PROGRAMME_DIRECTOR}))}, Rule.MAY_NOT_DISCLOSE),
        ({"recipient": replace(RELATIVE, kind=RecipientKind.EMPLOYER)}, Rule.MAY_NOT_DISCLOSE),
        ({"purpose": Purpose.TREATMENT}, Rule.MAY_NOT_DISCLOSE),
        ({"purpose": Purpose.MEDICAL_EMERGENCY, "emergency": TOLD}, Rule.MAY_NOT_DISCLOSE),
        ({"consents": ()}, Rule.NO_CONSENT),
        (
            {
                "consents": (
                    replace(
                        NAMED,
                        recipient_ids=frozenset(),
                        recipient_kinds=frozenset({RecipientKind.FAMILY_OR_FRIEND}),
                    ),
                )
            },
            Rule.CONSENT_DOES_NOT_NAME_RECIPIENT,
        ),
        ({"consents": (replace(NAMED, revoked_at=NOW - HOUR),)}, Rule.CONSENT_REVOKED),
        ({"resource": Resource(Information.COUNSELLING_NOTES)}, Rule.CONSENT_OF_ANOTHER_KIND),
        ({"recipient": None}, Rule.ROLE_WITHOUT_NEED),
    ],
)
def test_a_related_person_asks_for_nothing_else_and_for_nobody_else(changes: dict[str, Any], expected: Rule) -> None:
    assert outcome(asked_by_the_relative(**changes)) == expected


@pytest.mark.parametrize("role", sorted({*Role} - {Role.PLATFORM_OPERATOR}))
@pytest.mark.parametrize("purpose", [Purpose.TREATMENT, Purpose.MEDICAL_EMERGENCY, Purpose.PATIENT_ACCESS])
def test_p26_of_a_programme_that_has_closed_nothing_is_used_or_disclosed(role: Role, purpose: Purpose) -> None:
    relations = frozenset(Relation)
    asked = question(role=role, relations=relations, purpose=purpose, emergency=TOLD)
    sealed = replace(asked.patient, is_sealed=True)

    for recipient in (None, HOSPITAL, to(RecipientKind.PATIENT, is_the_patient=True)):
        assert outcome(decide(replace(asked, patient=sealed, recipient=recipient))) == Rule.RECORD_SEALED
