"""What may be done with patients' accounts, and what a patient reads of the own record."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import orjson

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.base import Page
from services.contracts.disclosure import Information, Purpose
from services.contracts.identifiers import ConsentId, EpisodeId, PatientAccountId, PatientId
from services.contracts.identity import Role
from services.contracts.records.consents import Consent, ConsentRevocation
from services.contracts.records.disclosures import PartsRequest
from services.contracts.records.own_record import (
    OwnConsent,
    OwnConsentRevocation,
    OwnRecord,
    OwnRecordClaim,
    PatientAccount,
    PatientAccountRequest,
    PatientAccountToClaim,
    WithheldOfOwn,
)
from services.contracts.records.plans_of_care import (
    OwnPlanSignature,
    PatientSignatureRequest,
    SignatureManner,
    SignedPlan,
)
from services.contracts.records.recovery_groups import RecoveryGroupChoice, RecoveryGroupChoiceRequest
from services.policy.decisions.answer import Denial
from services.policy.decisions.labels import labelled
from services.policy.decisions.question import Resource
from services.records.consents.digests import digest_of as digest_of_consent
from services.records.consents.logic import ConsentCommands
from services.records.disclosures.parts import OTHER_ZONE, Item, Kept, OtherZoneError, Parts, member_of, told
from services.records.errors import OverAlreadyError
from services.records.gate import Gate
from services.records.own_record.errors import AccountLinkedError, ClaimRefusedError, NoOwnRecordError
from services.records.own_record.rules import CLAIM_WITHIN, MOST_ATTEMPTS, digest_of, fits, fresh_code
from services.records.own_record.storage import PatientAccountQueries, PatientAccountRows
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.plans_of_care.logic import PlanOfCareCommands
from services.records.recovery_groups.logic import RecoveryGroupCommands
from services.records.refusals import Refusal

_SHORTEST: Final = timedelta(microseconds=1)


class PatientAccountCommands:
    """Changes to patients' accounts, within one unit of work."""

    def __init__(self, rows: PatientAccountRows, patients: PatientCommands, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._gate = gate

    async def link(self, patient_id: PatientId, request: PatientAccountRequest) -> PatientAccountToClaim:
        """Let a patient claim the record by an account, with a code that is told this once.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: The account is the caller's own.
            AccountLinkedError: The patient, or the account, is linked.
        """
        await self._patients.lock(patient_id, Information.DEMOGRAPHICS)
        caller, now = self._gate.caller.account_id, self._gate.clock.now()
        if request.account_id == caller:
            raise InvalidRequestError("/account_id", "must be the patient's account, and not your own")
        link = PatientAccount(
            id=PatientAccountId(new_id(now, secrets.token_bytes(10))),
            patient_id=patient_id,
            account_id=request.account_id,
            from_at=now,
            until_at=None,
            claim_until=now + CLAIM_WITHIN,
            claimed_at=None,
            linked_by=caller,
            ended_by=None,
        )
        code = fresh_code()
        if not await self._rows.add(link, digest_of(link.id, code)):
            raise AccountLinkedError
        self._gate.linked(patient_id, request.account_id)
        return PatientAccountToClaim(code=code, **link.model_dump())

    async def end(self, link_id: PatientAccountId) -> PatientAccount:
        """End a link now; what was read before stays in the audit trail.

        Raises:
            NotFoundError: There is no such link here, or its patient is not for the caller.
            OverAlreadyError: It has ended.
        """
        link = await self._rows.one(link_id)
        if link is None:
            self._gate.refuse(link_id)
            raise NotFoundError
        await self._patients.lock(link.patient_id, Information.DEMOGRAPHICS)
        # Read again: it may have been claimed, or ended, before the patient was locked.
        link = await self._rows.one(link_id) or link
        if link.until_at is not None:
            raise OverAlreadyError
        # It was linked by a process whose clock may be ahead, and no link ends before it began.
        until_at = max(self._gate.clock.now(), link.from_at + _SHORTEST)
        ended = link.model_copy(update={"until_at": until_at, "ended_by": self._gate.caller.account_id})
        await self._rows.end(ended)
        return ended


class OwnRecordClaims:
    """Claims of patients to their own records, within one unit of work."""

    def __init__(self, rows: PatientAccountRows, patients: PatientCommands, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._gate = gate

    async def claim(self, claim: OwnRecordClaim) -> PatientAccount | ClaimRefusedError:
        """Read the own record from now on; what does not fit is counted, and after the last attempt the link ends.

        What does not fit is returned and not raised: it is counted, so its transaction commits.

        Raises:
            ClaimRefusedError: There is nothing to claim by this account.
        """
        caller = self._gate.caller.account_id
        found = await self._rows.to_claim(caller)
        if found is None:
            raise self._nothing()
        try:
            (patient, _), reach = await self._patients.lock_to_disclose(found.link.patient_id)
        except NotFoundError:
            # The trail is told already that there is nobody.
            raise ClaimRefusedError from None
        # Read again: it may have been claimed, or ended, before the patient was locked.
        found = await self._rows.to_claim(caller)
        if found is None or found.link.patient_id != patient.id:
            raise self._nothing()
        link, now = found.link, self._gate.clock.now()
        is_known = fits(link.id, claim.code, found.code_sha256) and claim.birth_date == patient.birth_date
        if not is_known or now >= link.claim_until or reach.is_sealed:
            await self._count(link, found.attempts + 1)
            return ClaimRefusedError()
        claimed = link.model_copy(update={"claimed_at": now})
        await self._rows.claim(claimed)
        self._gate.claimed(link.patient_id, caller)
        return claimed

    def _nothing(self) -> ClaimRefusedError:
        self._gate.refuse(self._gate.caller.account_id, Refusal.CLAIM_REFUSED)
        return ClaimRefusedError()

    async def _count(self, link: PatientAccount, attempts: int) -> None:
        self._gate.claim_refused(link.patient_id, attempts)
        await self._rows.attempted(link.id, attempts)
        if attempts == MOST_ATTEMPTS:
            until_at = max(self._gate.clock.now(), link.from_at + _SHORTEST)
            await self._rows.end(link.model_copy(update={"until_at": until_at, "ended_by": link.account_id}))


class PatientAccountReads:
    """What staff reads of patients' accounts."""

    def __init__(self, queries: PatientAccountQueries, patients: PatientReads) -> None:
        self._queries = queries
        self._patients = patients

    async def of_patient(self, patient_id: PatientId) -> Page[PatientAccount]:
        """Return a patient's accounts; raises NotFoundError where the patient is not for the caller."""
        await self._patients.presence(patient_id, Information.DEMOGRAPHICS)
        return Page(items=await self._queries.of_patient(patient_id), next_page_token=None)


def own_gate(gate: Gate, own: PatientId | None) -> tuple[Gate, PatientId]:
    """Return the gate of a caller who asks for the own record, and which patient that is.

    Raises:
        NoOwnRecordError: The account is linked to no patient here.
    """
    if own is None:
        gate.refuse(gate.caller.account_id)
        raise NoOwnRecordError
    return as_patient(gate, own), own


def as_patient(gate: Gate, own: PatientId | None) -> Gate:
    """Return the gate of the own record, before which nobody has a duty: who is of the staff too is a patient there."""
    caller = gate.caller.model_copy(update={"roles": frozenset({Role.PATIENT})})
    return replace(gate, caller=caller, own=own)


class OwnRecordReads:
    """What a patient reads of the own record: by `decide`, as anything else of it."""

    def __init__(self, kept: Kept, patients: PatientReads, gate: Gate, own: PatientId) -> None:
        self._kept = kept
        self._patients = patients
        self._gate = gate
        self.own = own

    async def read(self, request: PartsRequest) -> OwnRecord:
        """Return the parts that are asked for; what of them is withheld is said with its rule.

        Raises:
            NotFoundError: The record is here no longer.
            InvalidRequestError: The zone is not that of the caller's site.
        """
        needed = {one.value: frozenset({one}) for one in request.information}
        (patient, seal), denied = await self._patients.in_parts(self.own, needed)
        shown = [one for one in request.information if one not in denied]
        withheld = [_withheld(Information(one), None, denial) for one, denial in denied.items()]
        things = {}
        if shown:
            asked = request.model_copy(update={"information": shown})
            parts = Parts(self._kept, patient, seal, asked, self._gate.clock.now())
            for information, items in (await _read(parts)).items():
                denials = [self._gate.denial_of_own(Resource(information, labels=item.labels)) for item in items]
                withheld += self._kept_back(information, [denial for denial in denials if denial is not None])
                things[information] = [
                    item.narrowed(parts.is_asked_of)
                    for item, denial in zip(items, denials, strict=True)
                    if denial is None
                ]
        return OwnRecord.model_validate(
            {
                **dict.fromkeys(OwnRecord.model_fields),
                **told(request.information, things),
                "patient_id": self.own,
                "labels": labelled((member_of(one), one) for one in shown),
                "withheld": withheld,
            }
        )

    def _kept_back(self, information: Information, denials: Sequence[Denial]) -> list[WithheldOfOwn]:
        counted = Counter(denials)
        for denial, times in counted.items():
            self._gate.trail.deny(
                self.own, rule=denial.rule, purpose=Purpose.PATIENT_ACCESS, information=information, things=times
            )
        return [_withheld(information, times, denial) for denial, times in counted.items()]


def own_consent(consent: Consent) -> OwnConsent:
    """Return a consent with its digest, as it is shown to who gave it."""
    return OwnConsent.model_validate({**consent.model_dump(), "sha256": digest_of_consent(consent)})


class OwnConsents:
    """What a patient does with the own consents, within one unit of work."""

    def __init__(self, consents: ConsentCommands, gate: Gate) -> None:
        self._consents = consents
        self._gate = gate

    async def revoke(self, consent_id: ConsentId, revocation: OwnConsentRevocation) -> OwnConsent:
        """Revoke the consent that was read; the request is the writing that 42 CFR 2.31(a)(6) asks for.

        Raises:
            NotFoundError: There is no such consent of the caller's here.
            ConsentSettledError: It is not active.
            InvalidRequestError: It says something else than what the caller read.
        """
        written = {
            "revokes": str(consent_id),
            "says": revocation.sha256,
            "account": str(self._gate.caller.account_id),
            "at": self._gate.clock.now().isoformat(),
        }
        document = hashlib.sha256(orjson.dumps(written, option=orjson.OPT_SORT_KEYS)).hexdigest()
        return own_consent(
            await self._consents.revoke(
                consent_id, ConsentRevocation(document_sha256=document), said_sha256=revocation.sha256
            )
        )


class OwnPlans:
    """What a patient does with the own plan of care, within one unit of work."""

    def __init__(self, plans: PlanOfCareCommands, gate: Gate) -> None:
        self._plans = plans
        self._gate = gate

    async def sign(self, episode_id: EpisodeId, request: OwnPlanSignature, version: int) -> SignedPlan:
        """Sign the version that was read.

        Raises:
            NotFoundError: There is no such plan of the caller's here.
            EpisodeOverError: The caller has been discharged.
            StaleVersionError: Another version has been written meanwhile.
            PlanUnsignedError: No clinician has signed it.
            SignedAlreadyError: The caller has signed it.
            InvalidRequestError: It says something else than what the caller read.
        """
        now = self._gate.clock.now()
        answer = PatientSignatureRequest(manner=SignatureManner.ELECTRONIC, signed_at=now, sha256=request.sha256)
        plan = await self._plans.attest(episode_id, answer, version)
        return SignedPlan(episode_id=episode_id, version=plan.version, sha256=request.sha256, signed_at=now)


async def _read(parts: Parts) -> Mapping[Information, list[Item]]:
    try:
        return await parts.read()
    except OtherZoneError:
        raise InvalidRequestError("zone", OTHER_ZONE, location="query") from None


class OwnGroups:
    """What a patient does with the own wishes to be in a group, within one unit of work."""

    def __init__(self, groups: RecoveryGroupCommands, own: PatientId) -> None:
        self._groups = groups
        self._own = own

    async def choose(self, request: RecoveryGroupChoiceRequest) -> RecoveryGroupChoice:
        """Opt in to a group, or out; raises NotFoundError where the record is here no longer."""
        return await self._groups.choose(self._own, request)


def _withheld(information: Information, things: int | None, denial: Denial) -> WithheldOfOwn:
    return WithheldOfOwn(
        information=information,
        things=things,
        rule=denial.rule,
        clause=denial.clause,
        remedy=denial.remedy,
    )
