"""What may leave the programme, and what is told of what has left."""

import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, date
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.chassis.database import new_id
from services.chassis.errors import NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import ConsentId, DisclosureDenialId, DisclosureId, PatientId, RecipientId
from services.contracts.records.consents import Consent
from services.contracts.records.disclosures import (
    DisclosedPlanOfCare,
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
from services.contracts.records.treatment_plans import TreatmentPlan
from services.policy.decisions.answer import Denial, Permission, Rule
from services.policy.decisions.decide import decide
from services.policy.decisions.notices import NOTICES
from services.policy.decisions.question import Resource
from services.records.consents.signing import Signing
from services.records.disclosures.errors import (
    DisclosureDeniedError,
    NothingToDiscloseError,
    RestedOnAnotherConsentError,
)
from services.records.disclosures.rules import ACCOUNTED, PLAN_OF_CARE, question_of, reference_of, subpoena_of
from services.records.disclosures.storage import DisclosureQueries, DisclosureRows, Entry
from services.records.errors import OverAlreadyError, OwnReviewError
from services.records.gate import Gate, Reach
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.plans_of_care.logic import PlansOfCareToDisclose
from services.records.recipients.logic import RecipientCommands, RecipientReads
from services.records.recipients.rules import facts_of
from services.records.refusals import Refusal
from services.records.treatment_plans.logic import PlansToDisclose

_ELSEWHERE: Final[Mapping[Rule, str]] = MappingProxyType(
    {Rule.EMERGENCY_NOT_MEDICAL: "/emergency/nature", Rule.RECIPIENT_IS_NOT_THE_PATIENT: "/recipient_id"}
)
"""Where in the request it is that keeps a part from being disclosed, if not in the part asked for."""


class _Parts(NamedTuple):
    """The parts of a record that there are."""

    patient: Patient
    plan: TreatmentPlan | None
    plan_of_care: DisclosedPlanOfCare | None

    def recorded_on(self, information: Information) -> date | None:
        if information is Information.DIAGNOSES and self.plan_of_care is not None:
            return self.plan_of_care.signed_at.astimezone(UTC).date()
        return self.plan.effective_from if self.plan and information is Information.TREATMENT_PLAN else None

    def of(self, asked: Collection[Information]) -> Mapping[Information, object]:
        """Return what there is of what was asked for; that of a plan of care is there only for who asked for all."""
        plan_of_care = self.plan_of_care if PLAN_OF_CARE.issubset(asked) else None
        there = {
            Information.DEMOGRAPHICS: self.patient,
            Information.TREATMENT_PLAN: self.plan,
            Information.DIAGNOSES: plan_of_care,
        }
        return {one: there[one] for one in asked if there.get(one) is not None}


class _Denied(NamedTuple):
    """Which part is denied, and why."""

    denial: Denial
    information: Information
    pointer: str


class Sources(NamedTuple):
    """What a disclosure is decided on and made of, read in one unit of work."""

    patients: PatientCommands
    plans: PlansToDisclose
    plans_of_care: PlansOfCareToDisclose
    recipients: RecipientCommands
    signing: Signing


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
        """
        # The recipient first: what is wrong with it is said of a patient and of nobody alike.
        recipient = await self._sources.recipients.one(request.recipient_id, "/recipient_id")
        parts, reach = await self._lock(patient_id, request)
        may_know = self._gate.is_open(reach, Information.DEMOGRAPHICS)
        decided = await self._decide(request, recipient, parts, reach)
        if isinstance(decided, _Denied):
            await self._keep(decided, patient_id, request, recipient)
            return DisclosureDeniedError(decided.denial, decided.pointer) if may_know else NotFoundError()
        self._refuse_missing(request, parts, patient_id, may_know=may_know)
        disclosure = self._entry(patient_id, request, recipient, decided)
        await self._rows.add(disclosure)
        self._gate.disclosed(disclosure)
        return await self._record(disclosure, parts)

    async def disclose_again(
        self, patient_id: PatientId, request: DisclosureRequest, given: Disclosure
    ) -> DisclosureDeniedError | NotFoundError | None:
        """Decide whether a disclosure's stored answer may be given again to the same request.

        Only on what it was given on: nothing relies on a consent that was revoked since (42 CFR 2.31(a)(6)), and what
        another consent covers is another disclosure, with its own accounting. A denial is kept as `disclose` does.

        Raises:
            NotFoundError: There is no such patient here.
            RestedOnAnotherConsentError: It may be disclosed now, but not on what the stored answer says.
        """
        recipient = await self._sources.recipients.one(request.recipient_id, "/recipient_id")
        parts, reach = await self._lock(patient_id, request)
        decided = await self._decide(request, recipient, parts, reach)
        if isinstance(decided, _Denied):
            await self._keep(decided, patient_id, request, recipient)
            may_know = self._gate.is_open(reach, Information.DEMOGRAPHICS)
            return DisclosureDeniedError(decided.denial, decided.pointer) if may_know else NotFoundError()
        if _ground_of(decided) != (given.basis, given.consent_id, given.consent_version):
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

    async def _lock(self, patient_id: PatientId, request: DisclosureRequest) -> tuple[_Parts, Reach]:
        (patient, seal), reach = await self._sources.patients.lock_to_disclose(patient_id)
        plan, plan_of_care = await self._sources.plans.newest(patient_id), None
        if Information.DIAGNOSES in request.information:
            plan_of_care = await self._sources.plans_of_care.newest_signed(patient_id, seal)
        return _Parts(patient, plan, plan_of_care), reach

    async def _decide(
        self, request: DisclosureRequest, recipient: Recipient, parts: _Parts, reach: Reach
    ) -> "Permission | _Denied":
        signed = await self._sources.signing.signed(parts.patient)
        permissions = []
        for index, information in enumerate(request.information):
            question = question_of(
                request,
                facts_of(recipient, parts.patient.id),
                Resource(information, parts.recorded_on(information)),
                actor=self._gate.actor,
                patient=self._gate.facts(reach, signed.standing),
                signed=(signed.consents, signed.restrictions),
                now=self._gate.clock.now(),
            )
            decision = decide(question)
            if isinstance(decision, Denial):
                return _Denied(decision, information, _ELSEWHERE.get(decision.rule, f"/information/{index}"))
            permissions.append(decision)
        first = permissions[0].obligations.consent
        others = [f"/information/{index}" for index, one in enumerate(permissions) if one.obligations.consent != first]
        if others:
            # One entry of the accounting rests on one consent; the caller discloses the rest by another.
            self._gate.refuse(parts.patient.id, Refusal.ANOTHER_CONSENT)
            raise NothingToDiscloseError(others, "must rest on the same consent as the first part: disclose it alone")
        return permissions[0]

    async def _keep(
        self, denied: _Denied, patient_id: PatientId, request: DisclosureRequest, recipient: Recipient
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
        self, request: DisclosureRequest, parts: _Parts, patient_id: PatientId, *, may_know: bool
    ) -> None:
        there = parts.of(request.information)
        missing = [f"/information/{index}" for index, one in enumerate(request.information) if one not in there]
        if not missing:
            return
        self._gate.refuse(patient_id, Refusal.NOTHING_TO_DISCLOSE)
        # Nothing is disclosed, so nothing will be reviewed: whoever does not treat the patient learns nothing by it.
        raise NothingToDiscloseError(missing) if may_know else NotFoundError

    def _entry(
        self, patient_id: PatientId, request: DisclosureRequest, recipient: Recipient, permission: Permission
    ) -> Disclosure:
        now, duties = self._gate.clock.now(), permission.obligations
        basis = DisclosureBasis(permission.basis)
        return Disclosure(
            id=DisclosureId(new_id(now, secrets.token_bytes(10))),
            patient_id=patient_id,
            recipient=recipient,
            information=request.information,
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

    async def _record(self, disclosure: Disclosure, parts: _Parts) -> DisclosedRecord:
        notice, there = disclosure.notice_version, parts.of(disclosure.information)
        consent = None
        if disclosure.consent_id is not None:
            consent = _explained(await self._sources.signing.consent(disclosure.consent_id))
        return DisclosedRecord(
            disclosure=disclosure,
            notice=None if notice is None else DisclosureNotice(version=notice, text=NOTICES[notice]),
            consent=consent,
            demographics=parts.patient if Information.DEMOGRAPHICS in there else None,
            treatment_plan=parts.plan if Information.TREATMENT_PLAN in there else None,
            plan_of_care=parts.plan_of_care if Information.DIAGNOSES in there else None,
        )


def _ground_of(permission: Permission) -> tuple[str, UUID | None, int | None]:
    consent = permission.obligations.consent
    if consent is None:
        return permission.basis, None, None
    return permission.basis, consent.id, consent.version


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
