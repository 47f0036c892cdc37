"""What is true of consents: which elements are missing, whose signature it takes, and when one has ended."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from types import MappingProxyType
from typing import Final
from uuid import UUID

from services.contracts.disclosure import (
    TREATMENT_PAYMENT_OPERATIONS,
    ConsentElement,
    ConsentKind,
    Information,
    Purpose,
    RecipientKind,
    Signer,
)
from services.contracts.identifiers import PatientId
from services.contracts.problems import InvalidField
from services.contracts.records.consents import (
    Consent,
    ConsentStatement,
    ConsentStatus,
    ConsentTerms,
    ExpiryEvent,
    MinorConsentRule,
    MinorConsentRuleRequest,
    RepresentativeKind,
)
from services.contracts.records.minors import ConsentStanding, ParentTold, StateOnMinors
from services.policy.decisions.answer import Denial, Rule
from services.policy.decisions.necessity import is_needed
from services.policy.decisions.question import Consent as Facts
from services.policy.decisions.question import Signature, Standing
from services.policy.decisions.signatures import signers_of
from services.records.consents.authorities import Authority
from services.records.consents.stays import Stay

USUAL_MAJORITY: Final = 18
"""Where no rule has been entered; a minor's consent then waits for one."""

_NEEDED: Final[Mapping[ConsentElement, tuple[str, str]]] = MappingProxyType(
    {
        ConsentElement.DISCLOSING_PARTY: ("/disclosing_party", "must name who may disclose"),
        ConsentElement.INFORMATION: ("/information", "must describe what may be disclosed"),
        ConsentElement.RECIPIENTS: ("/recipient_ids", "must name recipients, or recipient_kinds their class"),
        ConsentElement.INTERMEDIARY_PARTICIPANTS: (
            "/participant_ids",
            "must name the intermediary's participants, or treating_participants be true",
        ),
        ConsentElement.PURPOSES: ("/purposes", "must say for what"),
        ConsentElement.RIGHT_TO_REVOKE: ("/statements", "must contain right_to_revoke"),
        ConsentElement.EXPIRY: ("/expires_on", "must be a day, or expires_upon an event"),
        ConsentElement.SIGNATURE: ("/signatures", "must contain a signature"),
        ConsentElement.SIGNATURE_DATE: ("/signatures", "must each say when it was signed"),
        ConsentElement.REDISCLOSURE_STATEMENT: ("/statements", "must contain redisclosure"),
        ConsentElement.CONSEQUENCES_OF_REFUSING: ("/statements", "must contain consequences_of_refusing"),
    }
)
_TOLD: Final[Mapping[Standing, tuple[ParentTold | None, str]]] = MappingProxyType(
    {
        Standing.ADULT: (None, "42 CFR 2.31(a)(8)"),
        Standing.LACKS_CAPACITY: (None, "42 CFR 2.15(a)"),
        Standing.MINOR_ALONE: (ParentTold.ON_MINORS_CONSENT, "42 CFR 2.14(a)"),
        Standing.MINOR_WITH_PARENT: (ParentTold.ON_BOTH_CONSENTS, "42 CFR 2.14(b)"),
        Standing.MINOR_OF_UNKNOWN_STATE: (ParentTold.NOT_UNTIL_RULE, "42 CFR 2.14"),
    }
)
# Of a day that somebody wrote down without a zone: it began here at the earliest, and ended there last.
FIRST_ZONE: Final = timezone(timedelta(hours=14))
LAST_ZONE: Final = timezone(timedelta(hours=-12))
# What is committed holds: the clock of who revoked or ended a consent may be ahead of that of who discloses on it.
_EVER: Final = datetime.min.replace(tzinfo=UTC)
_OPEN_ENDS: Final = frozenset({ExpiryEvent.NONE, ExpiryEvent.END_OF_TREATMENT})
_ELSEWHERE: Final = frozenset({ExpiryEvent.FINAL_DISPOSITION, ExpiryEvent.END_OF_RESEARCH})
"""What occurs at a court or with a researcher: the record does not show that it has."""


def missing_elements(terms: ConsentTerms, *, names_intermediary: bool) -> frozenset[ConsentElement]:
    """Return which elements of 42 CFR 2.31(a) a consent lacks."""
    lacks = {
        ConsentElement.DISCLOSING_PARTY: terms.disclosing_party is None,
        ConsentElement.INFORMATION: not terms.information,
        ConsentElement.RECIPIENTS: not terms.recipient_ids and not terms.recipient_kinds,
        ConsentElement.INTERMEDIARY_PARTICIPANTS: names_intermediary
        and not (terms.participant_ids or terms.treating_participants),
        ConsentElement.PURPOSES: not terms.purposes,
        ConsentElement.RIGHT_TO_REVOKE: ConsentStatement.RIGHT_TO_REVOKE not in terms.statements,
        ConsentElement.EXPIRY: terms.expires_on is None and terms.expires_upon is None,
        ConsentElement.SIGNATURE: not terms.signatures,
        ConsentElement.SIGNATURE_DATE: any(one.signed_at is None for one in terms.signatures),
        ConsentElement.REDISCLOSURE_STATEMENT: terms.kind is ConsentKind.GENERAL
        and ConsentStatement.REDISCLOSURE not in terms.statements,
        ConsentElement.CONSEQUENCES_OF_REFUSING: ConsentStatement.CONSEQUENCES_OF_REFUSING not in terms.statements,
    }
    return frozenset(element for element, is_missing in lacks.items() if is_missing)


def fields_of(missing: frozenset[ConsentElement]) -> tuple[InvalidField, ...]:
    """Say of each missing element where it belongs and what would be right."""
    return tuple(
        InvalidField(location="body", pointer=_NEEDED[element][0], detail=f"{element.value}: {_NEEDED[element][1]}")
        for element in ConsentElement
        if element in missing
    )


def misfits(terms: ConsentTerms) -> tuple[InvalidField, ...]:
    """Say what a consent of this kind may not contain."""
    return tuple(InvalidField(location="body", pointer=at, detail=detail) for at, detail in _misfits(terms))


def _misfits(terms: ConsentTerms) -> Iterator[tuple[str, str]]:
    kind, notes = terms.kind, frozenset({Information.COUNSELLING_NOTES})
    proceedings = frozenset({Purpose.LEGAL_PROCEEDINGS})
    if terms.expires_upon in _OPEN_ENDS and kind is not ConsentKind.GENERAL:
        yield "/expires_upon", "must be a day or an event that occurs: only a general consent may be open-ended"
    if terms.expires_upon in _ELSEWHERE and terms.expires_on is None:
        yield "/expires_on", "must be the last day in any case, where the event is not one that the record shows"
    if kind is ConsentKind.GENERAL and not terms.purposes <= TREATMENT_PAYMENT_OPERATIONS:
        yield "/purposes", "must be treatment, payment, operations only in a general consent"
    # 42 CFR 2.31(b)(2) and (d): these two are combined with nothing else.
    if (kind is ConsentKind.COUNSELLING_NOTES and terms.information != notes) or (
        kind is not ConsentKind.COUNSELLING_NOTES and terms.information & notes
    ):
        yield "/information", "must be counselling_notes alone, in a consent of that kind alone"
    if (kind is ConsentKind.PROCEEDINGS and terms.purposes != proceedings) or (
        kind is not ConsentKind.PROCEEDINGS and terms.purposes & proceedings
    ):
        yield "/purposes", "must be legal_proceedings alone, in a consent of kind proceedings alone"
    # 42 CFR 2.31(a)(4)(ii)(B): an intermediary is named itself, with its participants; a class of them names nobody.
    if RecipientKind.INTERMEDIARY in terms.recipient_kinds:
        yield "/recipient_kinds", "must not be intermediary: name each in recipient_ids, and its participants"
    if _permits_nothing(terms):
        yield "/purposes", "must need some of information: payment and operations need none of it (42 CFR 2.13(a))"


def signed_ahead(terms: ConsentTerms, now: datetime) -> tuple[InvalidField, ...]:
    """Say which signatures of a consent that is to hold from now on are of a time that has not come."""
    return tuple(
        InvalidField(location="body", pointer=f"/signatures/{index}/signed_at", detail="must not lie in the future")
        for index, one in enumerate(terms.signatures)
        if one.signed_at is not None and one.signed_at > now
    )


def _permits_nothing(terms: ConsentTerms) -> bool:
    needed = [is_needed(purpose, one, date.max) for purpose in terms.purposes for one in terms.information]
    return bool(needed) and not any(needed)


def standing_of(age: int, rule: MinorConsentRule | None, authorities: Sequence[Authority], now: datetime) -> Standing:
    """Return whose signature a patient's consents need now."""
    if age < (USUAL_MAJORITY if rule is None else rule.majority_age):
        return _standing_of_minor(age, rule)
    in_force = (
        one
        for one in authorities
        if one.kind is RepresentativeKind.GUARDIAN_OF_ADULT
        and one.authority_from <= now
        and (one.authority_until is None or now < one.authority_until)
    )
    return Standing.ADULT if next(in_force, None) is None else Standing.LACKS_CAPACITY


def _standing_of_minor(age: int, rule: MinorConsentRule | None) -> Standing:
    if rule is None:
        return Standing.MINOR_OF_UNKNOWN_STATE
    is_alone = rule.alone_from_age is not None and age >= rule.alone_from_age
    return Standing.MINOR_ALONE if is_alone else Standing.MINOR_WITH_PARENT


def completed(request: MinorConsentRuleRequest, known: StateOnMinors | None) -> MinorConsentRuleRequest:
    """Return a rule with the ages that it leaves out taken from what is known of its state."""
    if known is None:
        return request
    ages = {"majority_age": known.majority_age, "alone_from_age": known.alone_from_age}
    return request.model_copy(update={name: age for name, age in ages.items() if name not in request.model_fields_set})


def consent_standing(patient_id: PatientId, standing: Standing, rule: MinorConsentRule | None) -> ConsentStanding:
    """Say whose signature a consent takes, and on what a parent may be told."""
    parent_told, clause = _TOLD[standing]
    is_unknown = standing is Standing.MINOR_OF_UNKNOWN_STATE
    return ConsentStanding(
        patient_id=patient_id,
        signers=list(signers_of(standing)),
        parent_told=parent_told,
        rule=rule,
        clause=clause,
        remedy=Denial(Rule.STATE_RULE_MISSING).remedy if is_unknown else None,
    )


def end_of_day(day: date) -> datetime:
    """Return the instant at which a day has passed in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def end_of_treatment(stays: Sequence[Stay], signed_on: date) -> date | None:
    """Return the first day, from that of a signature on, on which the patient's treatment ended; None if none yet.

    Treatment goes on where another stay has begun by the day on which one ends. A later stay is another treatment: it
    does not bring back what has ended.
    """
    ended_on: date | None = None
    for stay in sorted(stays, key=lambda one: one.admitted_on):
        if stay.discharged_on is not None and stay.discharged_on < signed_on:
            continue
        if ended_on is not None and stay.admitted_on > ended_on:
            break
        if stay.discharged_on is None:
            return None
        ended_on = stay.discharged_on if ended_on is None else max(ended_on, stay.discharged_on)
    return ended_on


def ends_at(consent: Consent, stays: Sequence[Stay]) -> datetime | None:
    """Return when a consent ends by its last day or with the treatment, whichever is first; None while neither is near.

    Read from the stays and not from the consent, so that a discharge that is entered late, or was imported, ends it
    too. A discharge lies in no future, so it has ended as soon as there is one.
    """
    terms, signed = consent.terms, signed_at(consent.terms)
    ends = [] if terms.expires_on is None else [end_of_day(terms.expires_on)]
    if terms.expires_upon is ExpiryEvent.END_OF_TREATMENT and signed is not None:
        ended_on = end_of_treatment(stays, signed.astimezone(LAST_ZONE).date())
        ends += [] if ended_on is None else [datetime.combine(ended_on, time(), FIRST_ZONE)]
    return min(ends, default=None)


def is_in_force(consent: Consent, stays: Sequence[Stay], now: datetime) -> bool:
    """Whether a consent is active, and neither its last day, in UTC, nor the treatment that it is for has passed."""
    until = ends_at(consent, stays)
    return consent.status is ConsentStatus.ACTIVE and (until is None or now < until)


def signed_at(terms: ConsentTerms) -> datetime | None:
    """Return when the last signature was put under a consent, or None where none says when."""
    return max((one.signed_at for one in terms.signatures if one.signed_at is not None), default=None)


def rule_on(rules: list[MinorConsentRule], day: date) -> MinorConsentRule | None:
    """Return the newest of a site's rules, oldest first, that is effective by a day."""
    return next((rule for rule in reversed(rules) if rule.effective_from <= day), None)


def facts_of(consent: Consent, authorities: Sequence[Authority], standing: Standing, stays: Sequence[Stay]) -> Facts:
    """Write a consent down as the decision sees it; `standing` is the patient's when it was signed.

    What is active has every element, as the table's constraints say; a draft lacks its signature whatever it says.
    """
    terms = consent.terms
    by_id: dict[UUID, Authority] = {one.id: one for one in authorities}
    ended_at = _EVER if consent.status is ConsentStatus.ENDED else None
    expires = [instant for instant in (ends_at(consent, stays), ended_at) if instant is not None]
    is_draft = consent.status is ConsentStatus.DRAFT
    return Facts(
        id=consent.id,
        version=consent.version,
        kind=terms.kind,
        missing=frozenset({ConsentElement.SIGNATURE} if is_draft else ()),
        information=terms.information,
        purposes=terms.purposes,
        recipient_ids=frozenset(terms.recipient_ids),
        recipient_kinds=terms.recipient_kinds,
        signatures=tuple(_signatures(terms, by_id)),
        records_from=terms.records_from,
        records_until=terms.records_until,
        expires_at=min(expires, default=None),
        revoked_at=_revoked_at(consent) if consent.status is ConsentStatus.REVOKED else None,
        known_false=consent.status is ConsentStatus.FALSE,
        standing=standing,
    )


def _revoked_at(consent: Consent) -> datetime:
    until = consent.terms.irrevocable_until
    return _EVER if until is None or until < consent.effective_at else until


def _signatures(terms: ConsentTerms, authorities: Mapping[UUID, Authority]) -> Iterator[Signature]:
    for one in terms.signatures:
        if one.signed_at is None:
            continue
        authority = None if one.representative_id is None else authorities.get(one.representative_id)
        if one.signer is Signer.PATIENT:
            yield Signature(one.signer, one.signed_at)
        elif authority is not None and _may_sign(one.signer, authority.kind):
            yield Signature(one.signer, one.signed_at, authority.authority_from, authority.authority_until)


def _may_sign(signer: Signer, kind: RepresentativeKind) -> bool:
    is_of_adult = kind is RepresentativeKind.GUARDIAN_OF_ADULT
    return is_of_adult is (signer is Signer.PERSONAL_REPRESENTATIVE)
