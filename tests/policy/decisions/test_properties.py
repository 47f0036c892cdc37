"""What holds of every decision, whatever is asked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.contracts.disclosure import ConsentElement, ConsentKind, Information, Purpose, RecipientKind, Signer
from services.contracts.identity import Role
from services.policy.decisions.answer import Basis, Permission
from services.policy.decisions.decide import decide
from services.policy.decisions.notices import NOTICES
from services.policy.decisions.question import (
    Actor,
    Approval,
    Consent,
    CourtOrder,
    Emergency,
    Label,
    PatientFacts,
    Question,
    Recipient,
    Relation,
    Resource,
    Signature,
    Standing,
)
from tests.policy.decisions.asking import CLINIC, ELSEWHERE, HOSPITAL, NOW, consent

_INSTANTS = st.timedeltas(min_value=timedelta(days=-2), max_value=timedelta(days=2)).map(lambda d: NOW + d)
_TEXTS = st.sampled_from([None, "", "told"])


def _some(kind: type[StrEnum]) -> st.SearchStrategy[frozenset[StrEnum]]:
    return st.frozensets(st.sampled_from(list(kind)))


_SIGNATURES = st.builds(
    Signature,
    st.sampled_from(Signer),
    _INSTANTS,
    st.none() | _INSTANTS,
    st.none() | _INSTANTS,
)
_CONSENTS = st.builds(consent, st.sampled_from(ConsentKind)) | st.builds(
    Consent,
    id=st.uuids(),
    version=st.integers(1, 9),
    kind=st.sampled_from(ConsentKind),
    missing=st.just(frozenset()) | _some(ConsentElement),
    information=st.just(frozenset(Information)) | _some(Information),
    purposes=st.just(frozenset(Purpose)) | _some(Purpose),
    recipient_ids=st.sampled_from([frozenset(), frozenset({HOSPITAL.id})]),
    recipient_kinds=_some(RecipientKind),
    signatures=st.just((Signature(Signer.PATIENT, NOW),)) | st.tuples(_SIGNATURES, _SIGNATURES),
    expires_at=st.none() | _INSTANTS,
    revoked_at=st.none() | _INSTANTS,
    known_false=st.booleans(),
)
_RECIPIENTS = st.builds(Recipient, st.just(HOSPITAL.id), st.sampled_from(RecipientKind), st.booleans(), st.booleans())
_STANDINGS = st.just(Standing.ADULT) | st.sampled_from(Standing)
_QUESTIONS = st.builds(
    Question,
    actor=st.builds(
        Actor,
        st.uuids(),
        st.sampled_from([CLINIC, CLINIC, CLINIC, CLINIC, CLINIC, CLINIC, ELSEWHERE, None]),
        st.just(frozenset({Role.PROGRAMME_DIRECTOR})) | st.frozensets(st.sampled_from(Role)),
    ),
    purpose=st.just(Purpose.TREATMENT) | st.just(Purpose.PATIENT_ACCESS) | st.sampled_from(Purpose),
    resource=st.builds(Resource, st.sampled_from(Information), st.none(), st.just(frozenset()) | _some(Label)),
    patient=st.builds(
        PatientFacts, st.just(CLINIC), st.just(Standing.ADULT) | st.sampled_from(Standing), _some(Relation)
    ),
    now=st.just(NOW),
    recipient=st.none() | st.just(HOSPITAL) | _RECIPIENTS,
    consents=st.lists(_CONSENTS, max_size=3).map(tuple),
    emergency=st.none() | st.builds(Emergency, _TEXTS, _TEXTS, _TEXTS, _TEXTS, st.none() | _INSTANTS, st.none()),
    court_order=st.none()
    | st.builds(CourtOrder, _TEXTS, _some(Information), _INSTANTS, st.none() | _INSTANTS, st.booleans()),
    approval=st.none() | st.sampled_from(Approval),
)


def _permitted(question: Question) -> Permission | None:
    decision = decide(question)
    return decision if isinstance(decision, Permission) else None


def always(examples: int = 60) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(max_examples=examples, deadline=None)


@always()
@given(_QUESTIONS)
def test_without_any_basis_nothing_leaves(question: Question) -> None:
    assume(question.recipient is not None and question.recipient.kind is not RecipientKind.PATIENT)
    bare = replace(question, consents=(), emergency=None, court_order=None, approval=None)
    bare = replace(bare, resource=replace(bare.resource, labels=frozenset()))

    assert _permitted(bare) is None


@always()
@given(_QUESTIONS)
def test_nobody_without_a_role_or_of_another_organization_sees_anything(question: Question) -> None:
    assume(Relation.SELF not in question.patient.relations)
    strange = replace(question.actor, organization_id=ELSEWHERE)
    idle = replace(question.actor, roles=frozenset())
    # An author keeps the own notes, whatever the roles are now; the route refuses who has none.
    assume(Relation.AUTHOR not in question.patient.relations)

    assert _permitted(replace(question, actor=strange)) is None
    assert _permitted(replace(question, actor=idle)) is None


@always()
@given(_QUESTIONS, st.sampled_from(ConsentKind))
def test_revocation_always_wins_over_consent(question: Question, kind: ConsentKind) -> None:
    revoked = tuple(replace(one, revoked_at=NOW) for one in (*question.consents, consent(kind)))
    permission = _permitted(replace(question, consents=revoked))

    assert permission is None or permission.basis is not Basis.CONSENT


@always()
@given(_QUESTIONS, st.sampled_from(ConsentKind), st.timedeltas(timedelta(), timedelta(days=900)))
def test_an_expired_consent_never_permits(question: Question, kind: ConsentKind, ago: timedelta) -> None:
    expired = tuple(replace(one, expires_at=NOW - ago) for one in (*question.consents, consent(kind)))
    permission = _permitted(replace(question, consents=expired))

    assert permission is None or permission.basis is not Basis.CONSENT


@always()
@given(_QUESTIONS)
def test_counselling_notes_never_go_by_a_general_consent_or_in_an_emergency(question: Question) -> None:
    others = tuple(one for one in question.consents if one.kind is not ConsentKind.COUNSELLING_NOTES)
    notes = replace(
        question, resource=replace(question.resource, information=Information.COUNSELLING_NOTES), consents=others
    )
    permission = _permitted(notes)
    assert permission is None or permission.basis in {Basis.USE, Basis.COURT_ORDER}


@always()
@given(_QUESTIONS)
def test_a_minor_s_consent_is_never_given_by_others_alone(question: Question) -> None:
    minor = replace(question.patient, standing=Standing.MINOR_ALONE)
    others = tuple(
        replace(one, signatures=tuple(s for s in one.signatures if s.signer is not Signer.PATIENT))
        for one in question.consents
    )
    permission = _permitted(replace(question, patient=minor, consents=others))

    assert permission is None or permission.basis is not Basis.CONSENT


@always()
@given(_QUESTIONS)
def test_proceedings_need_their_consent_or_an_order_with_a_subpoena(question: Question) -> None:
    asked = replace(question, purpose=Purpose.LEGAL_PROCEEDINGS, recipient=HOSPITAL)
    permission = _permitted(asked)

    if permission is not None:
        by_order = asked.court_order is not None and bool(asked.court_order.subpoena)
        by_consent = any(one.kind is ConsentKind.PROCEEDINGS for one in asked.consents)
        assert by_order or by_consent


@always()
@given(_QUESTIONS)
def test_an_emergency_disclosure_has_all_that_is_written_down(question: Question) -> None:
    permission = _permitted(replace(question, purpose=Purpose.MEDICAL_EMERGENCY))

    if permission is not None and permission.basis is Basis.EMERGENCY:
        told = question.emergency
        assert told is not None
        assert all((told.recipient_name, told.facility, told.discloser, told.nature, told.at))


@always()
@given(_QUESTIONS)
def test_whatever_leaves_carries_the_notice_its_scope_and_an_entry_in_the_accounting(question: Question) -> None:
    permission = _permitted(question)

    if permission is not None:
        duties = permission.obligations
        assert duties.scope.information is question.resource.information
        if question.recipient is not None and question.recipient.kind is not RecipientKind.PATIENT:
            assert duties.notice in NOTICES
            assert duties.accounted
            assert duties.redisclosure is not None
            assert (duties.consent is None) is (permission.basis is not Basis.CONSENT)


def test_the_strategies_reach_every_basis() -> None:
    seen: set[Basis] = set()

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(_QUESTIONS)
    def collect(question: Question) -> None:
        permission = _permitted(question)
        if permission is not None:
            seen.add(permission.basis)

    collect()
    assert seen >= {Basis.USE, Basis.PATIENT_ACCESS}
    assert seen - {Basis.USE, Basis.PATIENT_ACCESS}
