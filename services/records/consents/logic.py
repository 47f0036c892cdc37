"""What may be done with consents: drafting, signing, revoking; each change is a new version."""

import secrets
from datetime import datetime

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError
from services.contracts.disclosure import Information, RecipientKind, Signer
from services.contracts.identifiers import ConsentId, PatientId
from services.contracts.problems import InvalidField
from services.contracts.records.consents import (
    Consent,
    ConsentEnd,
    ConsentEndRequest,
    ConsentRevocation,
    ConsentStatus,
    ConsentTerms,
)
from services.contracts.records.patients import Patient
from services.policy.decisions.answer import Denial
from services.policy.decisions.signatures import signature_flaw
from services.records.consents.digests import digest_of
from services.records.consents.rules import facts_of, fields_of, misfits, missing_elements, signed_ahead, signed_at
from services.records.consents.signing import Signing
from services.records.consents.storage import ConsentRows
from services.records.errors import ConsentIncompleteError, ConsentSettledError
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands
from services.records.recipients.logic import RecipientCommands


class ConsentCommands:
    """Changes to consents, within one unit of work."""

    def __init__(
        self,
        rows: ConsentRows,
        patients: PatientCommands,
        recipients: RecipientCommands,
        signing: Signing,
        gate: Gate,
    ) -> None:
        self._rows = rows
        self._patients = patients
        self._recipients = recipients
        self._signing = signing
        self._gate = gate

    async def draft(self, patient_id: PatientId, terms: ConsentTerms) -> Consent:
        """Begin a consent; it permits nothing until it is active.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: A recipient is not in the directory.
        """
        await self._patients.lock(patient_id, Information.CONSENTS)
        now = self._gate.clock.now()
        consent = Consent(
            id=ConsentId(new_id(now, secrets.token_bytes(10))),
            patient_id=patient_id,
            version=1,
            status=ConsentStatus.DRAFT,
            terms=terms,
            effective_at=now,
            changed_by=self._gate.caller.account_id,
            created_at=now,
        )
        await self._rows.add(consent, names_intermediary=await self._names_intermediary(terms))
        return consent

    async def redraft(self, consent_id: ConsentId, terms: ConsentTerms, version: int) -> Consent:
        """Write another version of a draft.

        Raises:
            NotFoundError: There is no such consent here, or not for the caller.
            StaleVersionError: Another version has been written meanwhile.
            ConsentSettledError: It is no draft any more: a signed consent is never changed.
            InvalidRequestError: A recipient is not in the directory.
        """
        draft, _, _ = await self._lock(consent_id, version)
        _refuse_unless(draft, ConsentStatus.DRAFT)
        names_intermediary = await self._names_intermediary(terms)
        return await self._next(draft, names_intermediary, terms=terms)

    async def activate(self, consent_id: ConsentId, version: int) -> Consent:
        """Make a draft active, from now on.

        Raises:
            NotFoundError: There is no such consent here, or not for the caller.
            StaleVersionError: Another version has been written meanwhile.
            ConsentSettledError: It is no draft.
            ConsentIncompleteError: An element is missing, or a signature that it takes.
        """
        draft, names_intermediary, patient = await self._lock(consent_id, version)
        _refuse_unless(draft, ConsentStatus.DRAFT)
        fields = fields_of(missing_elements(draft.terms, names_intermediary=names_intermediary))
        fields += misfits(draft.terms) + signed_ahead(draft.terms, self._gate.clock.now())
        fields += await self._signature_fields(draft, patient)
        if fields:
            raise ConsentIncompleteError(fields)
        return await self._next(draft, names_intermediary, status=ConsentStatus.ACTIVE)

    async def revoke(
        self, consent_id: ConsentId, revocation: ConsentRevocation, *, said_sha256: str | None = None
    ) -> Consent:
        """Revoke a consent: from the commit on, no disclosure relies on it.

        A disclosure in hand holds the patient's row, so it ends before the revocation or sees it. Where the consent is
        irrevocable for a time (42 CFR 2.35(c)), the revocation holds from the end of that time on.

        Raises:
            NotFoundError: There is no such consent here, or not for the caller.
            ConsentSettledError: It is not active.
            InvalidRequestError: Whoever revokes it has read something else than what it says.
        """
        active, names_intermediary, _ = await self._lock(consent_id, None)
        _refuse_unless(active, ConsentStatus.ACTIVE)
        if said_sha256 is not None and said_sha256 != digest_of(active):
            raise InvalidRequestError("/sha256", "must be that of the consent as it stands now: read it again")
        effective = max(self._gate.clock.now(), active.terms.irrevocable_until or self._gate.clock.now())
        return await self._next(
            active,
            names_intermediary,
            status=ConsentStatus.REVOKED,
            effective_at=effective,
            evidence_sha256=revocation.document_sha256,
        )

    async def end(self, consent_id: ConsentId, request: ConsentEndRequest) -> Consent:
        """End a consent because its event has occurred, or because it was found to be false.

        Raises:
            NotFoundError: There is no such consent here, or not for the caller.
            ConsentSettledError: It is not active.
        """
        active, names_intermediary, _ = await self._lock(consent_id, None)
        _refuse_unless(active, ConsentStatus.ACTIVE)
        status = ConsentStatus.FALSE if request.reason is ConsentEnd.FOUND_FALSE else ConsentStatus.ENDED
        return await self._next(active, names_intermediary, status=status)

    async def _lock(self, consent_id: ConsentId, version: int | None) -> tuple[Consent, bool, Patient]:
        found = await self._rows.newest(consent_id)
        if found is None:
            self._gate.refuse(consent_id)
            raise NotFoundError
        patient = await self._patients.lock(found[0].patient_id, Information.CONSENTS)
        # Read again: what was newest before the patient was locked may not be any more.
        newest, names_intermediary = await self._rows.newest(consent_id) or found
        if version is not None and newest.version != version:
            raise StaleVersionError("The consent has changed since you read it; read it again and send its ETag.")
        return newest, names_intermediary, patient

    async def _next(
        self,
        consent: Consent,
        names_intermediary: bool,  # noqa: FBT001 - it goes with the version
        *,
        terms: ConsentTerms | None = None,
        status: ConsentStatus = ConsentStatus.DRAFT,
        effective_at: datetime | None = None,
        evidence_sha256: str | None = None,
    ) -> Consent:
        now = self._gate.clock.now()
        changed = consent.model_copy(
            update={
                "version": consent.version + 1,
                "status": status,
                "terms": terms or consent.terms,
                "effective_at": effective_at or now,
                "changed_by": self._gate.caller.account_id,
                "created_at": now,
            }
        )
        await self._rows.add(changed, names_intermediary=names_intermediary, evidence_sha256=evidence_sha256)
        return changed

    async def _names_intermediary(self, terms: ConsentTerms) -> bool:
        kinds = await self._recipients.kinds(terms.recipient_ids, "/recipient_ids")
        await self._recipients.kinds(terms.participant_ids, "/participant_ids")
        return RecipientKind.INTERMEDIARY in kinds | terms.recipient_kinds

    async def _signature_fields(self, consent: Consent, patient: Patient) -> tuple[InvalidField, ...]:
        authorities = await self._rows.authorities(patient.id)
        known = {one.id for one in authorities}
        fields = [
            InvalidField(
                location="body",
                pointer=f"/signatures/{index}/representative_id",
                detail="must be a representative of the patient",
            )
            for index, one in enumerate(consent.terms.signatures)
            if one.signer is not Signer.PATIENT and one.representative_id not in known
        ]
        standing = await self._signing.standing(patient, signed_at(consent.terms))
        flaw = signature_flaw(facts_of(consent, authorities, standing, stays=()), standing)
        if flaw is not None:
            denial = Denial(flaw)
            detail = f"must be complete ({denial.clause}): {denial.remedy}"
            fields.append(InvalidField(location="body", pointer="/signatures", detail=detail))
        return tuple(fields)


def _refuse_unless(consent: Consent, status: ConsentStatus) -> None:
    if consent.status is not status:
        raise ConsentSettledError(status.value)
