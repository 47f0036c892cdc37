"""What belongs to consents: authority to sign for others, rules on minors, restrictions; and what can be read."""

import secrets
from datetime import UTC
from uuid import UUID

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.base import Page
from services.contracts.disclosure import WITHOUT_CONSENT, Information, RecipientKind
from services.contracts.identifiers import (
    ConsentId,
    MinorConsentRuleId,
    PatientId,
    RepresentativeId,
    RestrictionId,
    SiteId,
)
from services.contracts.records.consents import (
    Consent,
    ConsentStatus,
    MinorConsentRule,
    MinorConsentRuleRequest,
    Representative,
    RepresentativeEnd,
    RepresentativeEndRequest,
    RepresentativeRequest,
    Restriction,
    RestrictionDecision,
    RestrictionRequest,
)
from services.contracts.records.minors import ConsentStanding, StatesOnMinors
from services.policy.minors.reading import state_on_minors, states_on_minors
from services.records.consents.rules import completed, consent_standing, is_in_force, rule_on, standing_of
from services.records.consents.storage import ConsentQueries, ConsentRows
from services.records.errors import OverAlreadyError
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.patients.rules import age_on
from services.records.recipients.logic import RecipientCommands


class BesideCommands:
    """Changes to what belongs to consents, within one unit of work."""

    def __init__(self, rows: ConsentRows, patients: PatientCommands, recipients: RecipientCommands, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._recipients = recipients
        self._gate = gate

    async def authorize(self, patient_id: PatientId, request: RepresentativeRequest) -> Representative:
        """Enter somebody's authority to sign for a patient.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        _, seal = await self._patients.lock_sealed(patient_id, Information.CONSENTS)
        representative = Representative(
            id=RepresentativeId(self._new_id()),
            patient_id=patient_id,
            created_at=self._gate.clock.now(),
            end=None,
            **request.model_dump(),
        )
        await self._rows.add_representative(representative, request.name, seal)
        return representative

    async def end_authority(
        self, representative_id: RepresentativeId, request: RepresentativeEndRequest
    ) -> Representative:
        """End somebody's authority to sign, before its time or from its beginning; what they signed without it is void.

        A disclosure in hand holds the patient's row, so it ends before this or sees it.

        Raises:
            NotFoundError: There is no such representative here, or the patient is not for the caller.
            OverAlreadyError: It has been ended.
            InvalidRequestError: It would hold longer than it was entered, or end before it began.
        """
        found = await self._rows.representative(representative_id)
        if found is None:
            self._gate.refuse(representative_id)
            raise NotFoundError
        _, seal = await self._patients.lock_sealed(found.patient_id, Information.CONSENTS)
        # Read again: it may have been ended before the patient was locked.
        found = await self._rows.representative(representative_id) or found
        if found.is_ended:
            raise OverAlreadyError
        representative = found.open(seal)
        last = representative.authority_until or request.until
        if not representative.authority_from <= request.until <= last:
            raise InvalidRequestError("/until", "must lie neither before authority_from nor after authority_until")
        end = RepresentativeEnd(
            **request.model_dump(), ended_by=self._gate.caller.account_id, ended_at=self._gate.clock.now()
        )
        await self._rows.end_representative(representative_id, end)
        return representative.model_copy(update={"end": end})

    async def add_rule(self, request: MinorConsentRuleRequest) -> MinorConsentRule:
        """Enter what a site's state says of minors; of a state that is known, the ages that are left out are those.

        Raises:
            InvalidRequestError: The state is not known and the age is left out, or it is one at which one is of age.
        """
        known = None if request.jurisdiction is None else state_on_minors(request.jurisdiction)
        if request.jurisdiction is not None and known is None and "alone_from_age" not in request.model_fields_set:
            raise InvalidRequestError(
                "/alone_from_age", "must be said, or be null where a parent must consent too: this state is not known"
            )
        request = completed(request, known)
        if request.alone_from_age is not None and request.alone_from_age >= request.majority_age:
            raise InvalidRequestError("/alone_from_age", "must be less than majority_age")
        rule = MinorConsentRule(
            id=MinorConsentRuleId(self._new_id()), created_at=self._gate.clock.now(), **request.model_dump()
        )
        await self._rows.add_rule(rule)
        self._gate.configured(site=request.site_id)
        return rule

    async def restrict(self, patient_id: PatientId, request: RestrictionRequest) -> Restriction:
        """Enter a restriction that the patient asked for, and what was decided.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: It is one that must be granted, or cannot be kept, or names a recipient who is not in
                the directory.
        """
        await self._patients.lock(patient_id, Information.CONSENTS)
        if request.decision is RestrictionDecision.GRANTED and request.purposes & WITHOUT_CONSENT:
            raise InvalidRequestError(
                "/purposes",
                "must be such as a consent can name: leave out medical_emergency, patient_access, investigation and"
                " public_health, or decline the request",
                code="cannot-be-kept",
            )
        kinds = await self._recipients.kinds(request.recipient_ids, "/recipient_ids") | request.recipient_kinds
        declined = request.decision is RestrictionDecision.DECLINED
        if declined and request.paid_in_full and RecipientKind.HEALTH_PLAN in kinds:
            raise InvalidRequestError(
                "/decision",
                "must be granted: the patient paid in full (42 CFR 2.26(a), 45 CFR 164.522(a)(1)(vi))",
                code="must-be-granted",
            )
        restriction = Restriction(
            id=RestrictionId(self._new_id()),
            patient_id=patient_id,
            information=sorted(request.information),
            purposes=sorted(request.purposes),
            recipient_ids=sorted(request.recipient_ids),
            recipient_kinds=sorted(request.recipient_kinds),
            records_from=request.records_from,
            records_until=request.records_until,
            paid_in_full=request.paid_in_full,
            decision=request.decision,
            created_at=self._gate.clock.now(),
            ended_at=None,
        )
        await self._rows.add_restriction(restriction)
        return restriction

    async def end_restriction(self, restriction_id: RestrictionId) -> Restriction:
        """End a restriction, as the patient asked or agreed to.

        Raises:
            NotFoundError: There is no such restriction here, or not for the caller.
            OverAlreadyError: It has ended.
        """
        restriction = await self._rows.restriction(restriction_id)
        if restriction is None:
            self._gate.refuse(restriction_id)
            raise NotFoundError
        await self._patients.lock(restriction.patient_id, Information.CONSENTS)
        if restriction.ended_at is not None:
            raise OverAlreadyError
        now = self._gate.clock.now()
        await self._rows.end_restriction(restriction_id, now)
        return restriction.model_copy(update={"ended_at": now})

    def _new_id(self) -> UUID:
        return new_id(self._gate.clock.now(), secrets.token_bytes(10))


class ConsentReads:
    """What can be read of consents and what belongs to them; all of a patient's are on one page."""

    def __init__(self, queries: ConsentQueries, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._patients = patients
        self._gate = gate

    async def of_patient(self, patient_id: PatientId) -> Page[Consent]:
        """Return the newest version of each consent; raises NotFoundError where the patient is not for the caller."""
        await self._patients.presence(patient_id, Information.CONSENTS)
        return Page(items=await self._queries.of_patient(patient_id), next_page_token=None)

    async def in_force(self, patient_id: PatientId) -> list[Consent]:
        """Return the consents that are in force now; the caller has let the patient through."""
        stays, now = await self._queries.stays(patient_id), self._gate.clock.now()
        return [one for one in await self._queries.of_patient(patient_id) if is_in_force(one, stays, now)]

    async def versions(self, consent_id: ConsentId) -> Page[Consent]:
        """Return every version of a consent, newest first.

        Raises:
            NotFoundError: There is no such consent here, or not for the caller.
        """
        versions = await self._queries.versions(consent_id)
        if not versions:
            self._gate.refuse(consent_id)
            raise NotFoundError
        await self._patients.presence(versions[0].patient_id, Information.CONSENTS)
        return Page(items=versions, next_page_token=None)

    async def restrictions(self, patient_id: PatientId) -> Page[Restriction]:
        """Return the restrictions; raises NotFoundError where the patient is not for the caller."""
        await self._patients.presence(patient_id, Information.CONSENTS)
        return Page(items=await self._queries.restrictions(patient_id), next_page_token=None)

    async def representatives(self, patient_id: PatientId) -> Page[Representative]:
        """Return who may sign; raises NotFoundError where the patient is not for the caller."""
        seal = await self._patients.seal(patient_id, Information.CONSENTS)
        found = await self._queries.representatives(patient_id)
        return Page(items=[one.open(seal) for one in found], next_page_token=None)

    async def rules(self, site_id: SiteId) -> Page[MinorConsentRule]:
        """Return a site's rules on minors, oldest first."""
        self._gate.configured(site=site_id)
        return Page(items=await self._queries.rules(site_id), next_page_token=None)

    def states(self) -> StatesOnMinors:
        """Return what is known of states."""
        self._gate.configured()
        return StatesOnMinors(items=list(states_on_minors()))

    async def standing(self, patient_id: PatientId) -> ConsentStanding:
        """Return whose signature a consent takes now; raises NotFoundError where the patient is not for the caller."""
        patient = await self._patients.one_for(patient_id, Information.CONSENTS)
        now = self._gate.clock.now()
        day = now.astimezone(UTC).date()
        rule = rule_on(await self._queries.rules(patient.site_id), day)
        authorities = await self._queries.authorities(patient_id)
        standing = standing_of(age_on(patient.birth_date, day), rule, authorities, now)
        return consent_standing(patient_id, standing, rule)


class ConsentsToDisclose:
    """Consents as a disclosure takes them, which decides on them itself."""

    def __init__(self, queries: ConsentQueries) -> None:
        self._queries = queries

    async def of_patient(self, patient_id: PatientId) -> list[Consent]:
        """Return each of a patient's consents that was ever signed, in its newest version."""
        return [one for one in await self._queries.of_patient(patient_id) if one.status is not ConsentStatus.DRAFT]


class RestrictionsInForce:
    """What the programme agreed to keep back, as it stands now; who asks has let the patient through."""

    def __init__(self, queries: ConsentQueries) -> None:
        self._queries = queries

    async def of_patient(self, patient_id: PatientId) -> list[Restriction]:
        """Return the restrictions that were granted and have not ended."""
        found = await self._queries.restrictions(patient_id)
        return [one for one in found if one.decision is RestrictionDecision.GRANTED and one.ended_at is None]
