"""Whether a consent covers a disclosure, and what is wrong with it if not."""

from collections.abc import Callable
from typing import Final

from services.contracts.disclosure import (
    TREATMENT_PAYMENT_OPERATIONS,
    ConsentKind,
    Information,
    Purpose,
    RecipientKind,
)
from services.policy.decisions.answer import Rule
from services.policy.decisions.question import Consent, Question, Recipient
from services.policy.decisions.signatures import signature_flaw

_Check = Callable[[Consent, Question], Rule | None]


_NOTES: Final = frozenset({Information.COUNSELLING_NOTES})
_PROCEEDINGS: Final = frozenset({Purpose.LEGAL_PROCEEDINGS})
_MONITORS: Final = frozenset({RecipientKind.CRIMINAL_JUSTICE, RecipientKind.COURT})


def _is_of_the_kind(consent: Consent, question: Question) -> Rule | None:
    is_right = consent.kind in _kinds_for(question) and _stands_alone(consent)
    return None if is_right else Rule.CONSENT_OF_ANOTHER_KIND


def _stands_alone(consent: Consent) -> bool:
    """Whether it is combined with nothing that it may not be combined with (42 CFR 2.31(b)(2), (d))."""
    if consent.kind is ConsentKind.COUNSELLING_NOTES:
        return consent.information == _NOTES
    if consent.kind is ConsentKind.PROCEEDINGS:
        return consent.purposes == _PROCEEDINGS
    return True


def _kinds_for(question: Question) -> frozenset[ConsentKind]:
    if question.resource.information is Information.COUNSELLING_NOTES:
        # Each of the two must stand alone, so notes reach proceedings by order only.
        return frozenset() if question.purpose in _PROCEEDINGS else frozenset({ConsentKind.COUNSELLING_NOTES})
    if question.purpose is Purpose.LEGAL_PROCEEDINGS:
        return frozenset({ConsentKind.PROCEEDINGS})
    if question.purpose is Purpose.CRIMINAL_JUSTICE_MONITORING:
        return frozenset({ConsentKind.CRIMINAL_JUSTICE})
    if question.purpose in TREATMENT_PAYMENT_OPERATIONS:
        return frozenset({ConsentKind.GENERAL, ConsentKind.SPECIFIC})
    return frozenset({ConsentKind.SPECIFIC})


def _names_the_recipient(consent: Consent, question: Question) -> Rule | None:
    recipient = question.recipient
    # Who asks for themselves is named in person: of a class somebody of the programme would have to say who is in it.
    has_asked = question.actor.recipient_id is not None
    named = recipient is not None and _is_named(consent, recipient, by_class=not has_asked)
    if question.purpose is Purpose.CRIMINAL_JUSTICE_MONITORING:
        # 42 CFR 2.35(a)(1): to those within the criminal justice system who need it to monitor the patient.
        named = named and recipient is not None and recipient.kind in _MONITORS
    return None if named else Rule.CONSENT_DOES_NOT_NAME_RECIPIENT


def _is_named(consent: Consent, recipient: Recipient, *, by_class: bool) -> bool:
    # An intermediary is named itself, never by its class (42 CFR 2.31(a)(4)(ii)).
    # Of the class of patients a consent means the one who gave it, and no other.
    is_another_patient = recipient.kind is RecipientKind.PATIENT and not recipient.is_the_patient
    has_class = by_class and recipient.kind is not RecipientKind.INTERMEDIARY and not is_another_patient
    return recipient.id in consent.recipient_ids or (has_class and recipient.kind in consent.recipient_kinds)


def _has_the_purpose(consent: Consent, question: Question) -> Rule | None:
    if consent.kind is ConsentKind.GENERAL and question.purpose not in TREATMENT_PAYMENT_OPERATIONS:
        return Rule.CONSENT_FOR_ANOTHER_PURPOSE
    return None if question.purpose in consent.purposes else Rule.CONSENT_FOR_ANOTHER_PURPOSE


def _describes_the_information(consent: Consent, question: Question) -> Rule | None:
    return None if question.resource.information in consent.information else Rule.CONSENT_WITHOUT_INFORMATION


def _covers_the_day(consent: Consent, question: Question) -> Rule | None:
    day = question.resource.recorded_on
    if day is None:
        return None
    too_early = consent.records_from is not None and day < consent.records_from
    too_late = consent.records_until is not None and day > consent.records_until
    return Rule.CONSENT_OF_OTHER_DAYS if too_early or too_late else None


def _is_complete(consent: Consent, _question: Question) -> Rule | None:
    return Rule.CONSENT_DEFICIENT if consent.missing else None


def _is_signed(consent: Consent, question: Question) -> Rule | None:
    if any(signature.signed_at > question.now for signature in consent.signatures):
        return Rule.CONSENT_NOT_YET_SIGNED
    return signature_flaw(consent, consent.standing or question.patient.standing)


def _is_true(consent: Consent, _question: Question) -> Rule | None:
    return Rule.CONSENT_FALSE if consent.known_false else None


def _is_not_expired(consent: Consent, question: Question) -> Rule | None:
    expired = consent.expires_at is not None and consent.expires_at <= question.now
    return Rule.CONSENT_EXPIRED if expired else None


def _is_not_revoked(consent: Consent, question: Question) -> Rule | None:
    revoked = consent.revoked_at is not None and consent.revoked_at <= question.now
    return Rule.CONSENT_REVOKED if revoked else None


# What a consent is about first, then whether it holds: a denial then tells of the consent that was nearest.
_CHECKS: Final[tuple[_Check, ...]] = (
    _is_of_the_kind,
    _names_the_recipient,
    _has_the_purpose,
    _describes_the_information,
    _covers_the_day,
    _is_complete,
    _is_signed,
    _is_true,
    _is_not_expired,
    _is_not_revoked,
)


def covering_consent(question: Question) -> Consent | Rule:
    """Return a consent that covers a disclosure, or what is wrong with the one that comes nearest."""
    nearest, furthest = Rule.NO_CONSENT, -1
    for consent in question.consents:
        reached, flaw = _first_flaw(consent, question)
        if flaw is None:
            return consent
        if reached > furthest:
            nearest, furthest = flaw, reached
    return nearest


def _first_flaw(consent: Consent, question: Question) -> tuple[int, Rule | None]:
    for position, check in enumerate(_CHECKS):
        flaw = check(consent, question)
        if flaw is not None:
            return position, flaw
    return len(_CHECKS), None
