"""What may leave the programme, and what is told of what has left."""

import secrets
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import ConsentId, DisclosureDenialId, DisclosureId, PatientId, RecipientId
from services.contracts.records.consents import Consent
from services.contracts.records.disclosures import (
    DisclosedRecord,
    Disclosure,
    DisclosureBasis,
    DisclosureConsent,
    DisclosureDenial,
    DisclosureNotice,
    DisclosureRequest,
)
from services.contracts.records.patients import Patient
from services.contracts.records.recipients import Recipient
from services.policy.decisions.answer import Decision, Denial, Rule
from services.policy.decisions.decide import decide
from services.policy.decisions.labels import labelled
from services.policy.decisions.notices import NOTICES
from services.policy.decisions.question import Consent as ConsentFacts
from services.policy.decisions.question import Resource
from services.records.consents.signing import Signing
from services.records.disclosures.deciding import (
    Deciding,
    Denied,
    Granted,
    RestsOnAnother,
    ground_of,
)
from services.records.disclosures.errors import (
    DisclosureDeniedError,
    NothingToDiscloseError,
    RestedOnAnotherConsentError,
)
from services.records.disclosures.parts import OTHER_ZONE, Item, Kept, OtherZoneError, Parts, member_of, told
from services.records.disclosures.rules import ACCOUNTED, question_of, reference_of, subpoena_of
from services.records.disclosures.storage import DisclosureQueries, DisclosureRows, Entry
from services.records.errors import OverAlreadyError, OwnReviewError
from services.records.gate import Gate, Reach
from services.records.legal_requests.logic import LegalRequestCommands
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.person_seal import PersonSeal
from services.records.recipients.logic import RecipientCommands, RecipientReads
from services.records.recipients.rules import facts_of
from services.records.refusals import Refusal

_ELSEWHERE: Final[Mapping[Rule, str]] = MappingProxyType(
    {Rule.EMERGENCY_NOT_MEDICAL: "/emergency/nature", Rule.RECIPIENT_IS_NOT_THE_PATIENT: "/recipient_id"}
)
"""Where in the request it is that keeps a part from being disclosed, if not in the part asked for."""

_ANOTHER_CONSENT: Final = (
    "must rest on the same consent as the first part: disclose it alone, or name by records_from and records_until the"
    " days that one consent covers"
)


class Sources(NamedTuple):
    """What a disclosure is decided on and made of, read in one unit of work."""

    patients: PatientCommands
    parts: Kept
    recipients: RecipientCommands
    signing: Signing
    legal_requests: LegalRequestCommands


class DisclosureCommands:
    """Disclosing, and reviewing what was disclosed, within one unit of work."""

    def __init__(self, rows: DisclosureRows, sources: Sources, gate: Gate) -> None:
        self._rows = rows
        self._sources = sources
        self._gate = gate

    async def disclose(
        self, patient_id: PatientId, request: DisclosureRequest
    ) -> DisclosedRecord | DisclosureDeniedError | NotFoundError:
        """Disclose parts of a patient's record: all that were asked for, or none.

        The patient's row is held: a revocation comes before all of this or after it, and is seen in the first case.
        A denial is returned and not raised: it is kept with its rule (45 CFR 171.202(b)), so its transaction commits.
        Who may not know of the patient is answered as if there were none.

        Raises:
            NotFoundError: There is no such patient here.
            InvalidRequestError: The recipient is not in the directory.
            NothingToDiscloseError: A part may be disclosed, but there is none.
            InvalidRequestError: The zone is not that of the patient's site.
        """
        # The recipient first: what is wrong with it is said of a patient and of nobody alike.
        recipient = await self._sources.recipients.one(request.recipient_id, "/recipient_id")
        sealed, reach = await self._sources.patients.lock_to_disclose(patient_id)
        may_know = self._gate.is_open(reach, Information.DEMOGRAPHICS)
        decided = await self._decide(request, recipient, sealed, reach)
        if isinstance(decided, Denied):
            return await self._deny(decided, patient_id, request, recipient, may_know=may_know)
        disclosure = self._entry(patient_id, request, recipient, decided)
        members = told(request.information, decided.things)
        self._refuse_missing(request, members, patient_id, may_know=may_know)
        await self._rows.add(disclosure)
        self._gate.disclosed(disclosure)
        return await self._record(disclosure, members)

    async def disclose_again(
        self, patient_id: PatientId, request: DisclosureRequest, given: Disclosure
    ) -> DisclosureDeniedError | NotFoundError | None:
        """Decide whether a disclosure's stored answer may be given again to the same request.

        Only on what it was given on: nothing relies on a consent that was revoked since (42 CFR 2.31(a)(6)), and what
        another consent covers is another disclosure, with its own accounting. A denial is kept as `disclose` does.

        Raises:
            NotFoundError: There is no such patient here.
            InvalidRequestError: The zone is not that of the patient's site.
            RestedOnAnotherConsentError: It may be disclosed now, but not on what the stored answer says.
        """
        recipient = await self._sources.recipients.one(request.recipient_id, "/recipient_id")
        sealed, reach = await self._sources.patients.lock_to_disclose(patient_id)
        decided = await self._decide(request, recipient, sealed, reach, given.consent_id)
        if isinstance(decided, Denied):
            may_know = self._gate.is_open(reach, Information.DEMOGRAPHICS)
            return await self._deny(decided, patient_id, request, recipient, may_know=may_know)
        if ground_of(decided.permission) != (given.basis, given.consent_id, given.consent_version):
            self._gate.refuse(patient_id, Refusal.ANOTHER_CONSENT)
            raise RestedOnAnotherConsentError
        self._gate.disclosed_again(given)
        return None

    async def review(self, disclosure_id: DisclosureId) -> Disclosure:
        """Say that the caller has looked at a disclosure whose review is due.

        Raises:
            NotFoundError: There is no such disclosure here.
            OwnReviewError: The caller made it.
            OverAlreadyError: No review of it is due.
        """
        entry = await self._rows.one(disclosure_id)
        if entry is None:
            self._gate.refuse(disclosure_id)
            raise NotFoundError
        disclosure = entry.told_with(await self._sources.recipients.one(entry.recipient_id, ""))
        if disclosure.disclosed_by == self._gate.caller.account_id:
            raise OwnReviewError
        if not disclosure.review_due or disclosure.reviewed_at is not None:
            raise OverAlreadyError
        now, reviewer = self._gate.clock.now(), self._gate.caller.account_id
        await self._rows.review(disclosure_id, reviewer, now)
        self._gate.shown([disclosure.patient_id], Information.CONSENTS)
        return disclosure.model_copy(update={"reviewed_by": reviewer, "reviewed_at": now})

    async def _decide(
        self,
        request: DisclosureRequest,
        recipient: Recipient,
        sealed: tuple[Patient, PersonSeal],
        reach: Reach,
        preferred: ConsentId | None = None,
    ) -> Granted | Denied:
        patient, seal = sealed
        signed = await self._sources.signing.signed(patient)
        now = self._gate.clock.now()
        if Information.COUNSELLING_NOTES in request.information:
            # They go together or not at all, so their author is who wrote each of them.
            wrote = await self._sources.parts.counselling_notes.are_by(patient.id, self._gate.caller.account_id)
            reach = reach._replace(is_author=wrote)

        def decide_on(consents: tuple[ConsentFacts, ...], resource: Resource) -> Decision:
            question = question_of(
                request,
                facts_of(recipient, patient.id),
                resource,
                actor=self._gate.actor,
                patient=self._gate.facts(reach, signed.standing),
                signed=(consents, signed.restrictions),
                now=now,
            )
            return decide(question)

        deciding = Deciding(decide_on, request.information, signed.consents, preferred)
        refused = deciding.refused()
        if refused is not None:
            return refused
        self._refuse_notes_beside_others(request, patient.id)
        parts = Parts(self._sources.parts, patient, seal, request, now)
        there = await self._there(parts, patient.id, reach)
        granted = deciding.granted(there, parts.is_asked_of)
        if isinstance(granted, RestsOnAnother):
            on_one = deciding.granted_on_one(there, parts.is_asked_of)
            if on_one is None:
                # One entry of the accounting rests on one consent; the caller discloses the rest by another.
                self._gate.refuse(patient.id, Refusal.ANOTHER_CONSENT)
                pointers = [_pointer(request, one) for one in granted.information]
                raise NothingToDiscloseError(pointers, _ANOTHER_CONSENT)
            granted = on_one
        return granted._replace(zone=parts.zone) if isinstance(granted, Granted) else granted

    async def _there(self, parts: Parts, patient_id: PatientId, reach: Reach) -> Mapping[Information, Sequence[Item]]:
        try:
            return await parts.read()
        except OtherZoneError:
            self._gate.refuse(patient_id, Refusal.OTHER_ZONE)
            if self._gate.is_open(reach, Information.DEMOGRAPHICS):
                raise InvalidRequestError("/zone", OTHER_ZONE) from None
            # As where there is nothing to disclose: nobody would review what a stranger learns by this.
            raise NotFoundError from None

    def _refuse_notes_beside_others(self, request: DisclosureRequest, patient_id: PatientId) -> None:
        if Information.COUNSELLING_NOTES in request.information and len(request.information) > 1:
            self._gate.refuse(patient_id, Refusal.NOTES_STAND_ALONE)
            pointer = _pointer(request, Information.COUNSELLING_NOTES)
            raise NothingToDiscloseError(
                [pointer], "must be disclosed alone (42 CFR 2.31(b)): ask for nothing beside it"
            )

    async def _deny(
        self, denied: Denied, patient_id: PatientId, request: DisclosureRequest, recipient: Recipient, *, may_know: bool
    ) -> DisclosureDeniedError | NotFoundError:
        await self._keep(denied, patient_id, request, recipient)
        if denied.denial.rule is Rule.INVESTIGATION_GOES_TO_A_PERSON:
            await self._sources.legal_requests.investigated(patient_id, recipient.id)
        if not may_know:
            return NotFoundError()
        pointer = _ELSEWHERE.get(denied.denial.rule, _pointer(request, denied.information))
        return DisclosureDeniedError(denied.denial, pointer)

    async def _keep(
        self, denied: Denied, patient_id: PatientId, request: DisclosureRequest, recipient: Recipient
    ) -> None:
        now, denial = self._gate.clock.now(), denied.denial
        self._gate.denied_disclosure(patient_id, denial, request.purpose, recipient.id, denied.information)
        await self._rows.add_denial(
            DisclosureDenial(
                id=DisclosureDenialId(new_id(now, secrets.token_bytes(10))),
                patient_id=patient_id,
                recipient_id=recipient.id,
                purpose=request.purpose,
                information=denied.information,
                rule=denial.rule,
                clause=denial.clause,
                remedy=denial.remedy,
                denied_to=self._gate.caller.account_id,
                denied_at=now,
            )
        )

    def _refuse_missing(
        self, request: DisclosureRequest, members: Mapping[str, object], patient_id: PatientId, *, may_know: bool
    ) -> None:
        missing = [_pointer(request, one) for one in request.information if member_of(one) not in members]
        if not missing:
            return
        self._gate.refuse(patient_id, Refusal.NOTHING_TO_DISCLOSE)
        # Nothing is disclosed, so nothing will be reviewed: whoever does not treat the patient learns nothing by it.
        raise NothingToDiscloseError(missing) if may_know else NotFoundError

    def _entry(
        self, patient_id: PatientId, request: DisclosureRequest, recipient: Recipient, granted: Granted
    ) -> Disclosure:
        now, duties = self._gate.clock.now(), granted.permission.obligations
        basis = DisclosureBasis(granted.permission.basis)
        return Disclosure(
            id=DisclosureId(new_id(now, secrets.token_bytes(10))),
            patient_id=patient_id,
            recipient=recipient,
            information=request.information,
            records_from=request.records_from,
            records_until=request.records_until,
            zone=granted.zone,
            payer=request.payer if Information.CLAIMS in request.information else None,
            purpose=request.purpose,
            basis=basis,
            consent_id=None if duties.consent is None else ConsentId(duties.consent.id),
            consent_version=None if duties.consent is None else duties.consent.version,
            notice_version=duties.notice,
            redisclosure=duties.redisclosure,
            emergency=request.emergency if basis is DisclosureBasis.EMERGENCY else None,
            reference=reference_of(request, basis),
            subpoena=subpoena_of(request, basis),
            disclosed_by=self._gate.caller.account_id,
            disclosed_at=now,
            review_due=duties.reviewed,
            reviewed_by=None,
            reviewed_at=None,
        )

    async def _record(self, disclosure: Disclosure, members: Mapping[str, object]) -> DisclosedRecord:
        notice, consent = disclosure.notice_version, None
        if disclosure.consent_id is not None:
            consent = _explained(await self._sources.signing.consent(disclosure.consent_id))
        return DisclosedRecord.model_validate(
            {
                **dict.fromkeys(DisclosedRecord.model_fields),
                **members,
                "disclosure": disclosure,
                "labels": labelled(((member_of(one), one) for one in disclosure.information), disclosure.redisclosure),
                "notice": None if notice is None else DisclosureNotice(version=notice, text=NOTICES[notice]),
                "consent": consent,
            }
        )


def _pointer(request: DisclosureRequest, information: Information) -> str:
    return f"/information/{request.information.index(information)}"


def _denial(row: Mapping[str, Any]) -> DisclosureDenial:
    denial = Denial(Rule(row["rule"]))
    return DisclosureDenial.model_validate({**row, "clause": denial.clause, "remedy": denial.remedy})


def _explained(consent: Consent) -> DisclosureConsent:
    """Explain the scope of a consent to who relies on it (42 CFR 2.32(b))."""
    terms = consent.terms
    return DisclosureConsent(
        id=consent.id,
        version=consent.version,
        information=sorted(terms.information),
        purposes=sorted(terms.purposes),
        records_from=terms.records_from,
        records_until=terms.records_until,
        expires_on=terms.expires_on,
    )


class DisclosureReads:
    """What is told of what has left (42 CFR 2.24, 2.25)."""

    def __init__(
        self, queries: DisclosureQueries, patients: PatientReads, recipients: RecipientReads, gate: Gate
    ) -> None:
        self._queries = queries
        self._patients = patients
        self._recipients = recipients
        self._gate = gate

    async def of_patient(self, patient_id: PatientId, requested: PageRequest) -> Page[Disclosure]:
        """Return a page of the disclosures of the last three years, oldest first.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        await self._patients.presence(patient_id, Information.CONSENTS)
        since = self._gate.clock.now() - ACCOUNTED
        return await self._told(requested.page(await self._queries.of_patient(patient_id, since, requested)))

    async def of_programme(
        self, requested: PageRequest, *, recipient_id: RecipientId | None, review_due: bool
    ) -> Page[Disclosure]:
        """Return a page of the organization's disclosures of the last three years, oldest first."""
        since = self._gate.clock.now() - ACCOUNTED
        found = await self._queries.of_programme(since, requested, recipient_id=recipient_id, review_due=review_due)
        page = await self._told(requested.page(found))
        self._gate.shown([one.patient_id for one in page.items], Information.CONSENTS)
        return page

    async def denials(self, requested: PageRequest) -> Page[DisclosureDenial]:
        """Return a page of what was not disclosed, oldest first, each with its rule and what would satisfy it."""
        page = requested.page([_denial(row) for row in await self._queries.denials(requested)])
        self._gate.shown([one.patient_id for one in page.items], Information.CONSENTS)
        return page

    async def _told(self, page: Page[Entry]) -> Page[Disclosure]:
        recipients = await self._recipients.named({entry.recipient_id for entry in page.items})
        told = [entry.told_with(recipients[entry.recipient_id]) for entry in page.items]
        return Page(items=told, next_page_token=page.next_page_token)
