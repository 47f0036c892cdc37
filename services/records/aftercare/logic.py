"""What may be done with aftercare."""

import secrets
from collections import defaultdict
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import (
    AftercareContactId,
    AftercarePlanId,
    EpisodeId,
    PatientId,
    SiteId,
)
from services.contracts.records.episodes import DischargeReason
from services.contracts.records.recovery import (
    AftercareAmendmentRequest,
    AftercareContact,
    AftercareContacts,
    AftercarePlan,
    AftercareRequest,
    Attempt,
    AttemptRequest,
    ContactStatus,
    FollowUpRequest,
)
from services.contracts.records.recovery_groups import RecoveryGroup, RecoveryGroupChoiceRequest
from services.records.aftercare.practice import practice_on
from services.records.aftercare.rules import due_days, ends_aftercare, is_allowed, waiting
from services.records.aftercare.standing import status_of
from services.records.aftercare.storage import AftercareQueries, AftercareRows, KeptContact, KeptPlan
from services.records.episodes.logic import EpisodeCommands
from services.records.errors import (
    AftercareKnownError,
    ContactNotDueError,
    EpisodeNotOverError,
    NobodyToCallError,
    OverAlreadyError,
)
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.person_seal import PersonSeal
from services.records.recovery_groups.logic import RecoveryGroupCommands
from services.records.site_zones.logic import SiteZoneReads

_KEPT: Final = Information.TREATMENT_PLAN


class AftercareCommands:
    """Changes to aftercare, within one unit of work."""

    def __init__(
        self,
        rows: AftercareRows,
        beside: tuple[EpisodeCommands, RecoveryGroupCommands, SiteZoneReads],
        patients: PatientCommands,
        gate: Gate,
    ) -> None:
        self._rows = rows
        self._episodes, self._groups, self._zones = beside
        self._patients = patients
        self._gate = gate

    async def agree(self, episode_id: EpisodeId, request: AftercareRequest, zone: str) -> AftercarePlan:
        """Agree on aftercare when an episode has ended; contacts are due on days of the calendar after discharge.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
            EpisodeNotOverError: The patient has not been discharged from it.
            NobodyToCallError: The patient was discharged from it because of death.
            AftercareKnownError: The episode has its aftercare.
            OptedOutError: It enters the patient in a group out of which they opted by the own account.
            InvalidRequestError: The patient's site is in another zone.
        """
        episode = await self._episodes.lock_by_id(episode_id)
        if episode.discharged_on is None:
            raise EpisodeNotOverError
        if episode.discharge_reason is DischargeReason.DEATH:
            raise NobodyToCallError
        patient, seal = await self._patients.lock_sealed(episode.patient_id, _KEPT)
        await self._zones.for_site(patient.site_id, zone)
        now = self._gate.clock.now()
        plan_id, today = AftercarePlanId(self._new_id()), self._today(zone)
        contacts = [
            AftercareContact(
                id=AftercareContactId(self._new_id()),
                plan_id=plan_id,
                patient_id=episode.patient_id,
                days_after=days,
                due_on=due_on,
                status=status_of(due_on, today, is_closed=False, is_ended=False),
                attempts=[],
                outcome=None,
                note=None,
                closed_at=None,
            )
            for days, due_on in due_days(episode.discharged_on, practice_on(episode.discharged_on).days_after)
        ]
        plan = AftercarePlan.model_validate(
            {
                **_agreed(request),
                "id": plan_id,
                "patient_id": episode.patient_id,
                "episode_id": episode_id,
                "discharged_on": episode.discharged_on,
                "practice": practice_on(episode.discharged_on),
                "contacts": contacts,
                "created_by": self._gate.caller.account_id,
                "created_at": now,
            }
        )
        if not await self._rows.add(plan, request, seal):
            raise AftercareKnownError
        for group, joins in (
            (RecoveryGroup.ALUMNI, request.joins_alumni_group),
            (RecoveryGroup.PEER, request.joins_peer_group),
        ):
            if joins:
                await self._groups.choose(episode.patient_id, RecoveryGroupChoiceRequest(group=group, joins=True))
        # Read again: who has come back before this was agreed on is not to be called.
        kept = [one for one in await self._rows.of_patient(episode.patient_id) if one.plan_id == plan_id]
        return plan.model_copy(update={"contacts": [one.open(seal, today) for one in kept]})

    async def amend(self, plan_id: AftercarePlanId, request: AftercareAmendmentRequest, zone: str) -> AftercarePlan:
        """Write down that something else is agreed than was; attempts from now on go by it.

        Raises:
            NotFoundError: There is no such plan here, or not for the caller.
            InvalidRequestError: The patient's site is in another zone.
        """
        found = await self._rows.plan(plan_id)
        if found is None:
            self._gate.refuse(plan_id)
            raise NotFoundError
        patient, seal = await self._patients.lock_sealed(found.row["patient_id"], _KEPT)
        await self._zones.for_site(patient.site_id, zone)
        # Read again: it may have been amended before the patient was locked.
        plan = await self._rows.plan(plan_id) or found
        agreed = plan.agreed(seal).model_copy(update=request.model_dump(exclude_none=True))
        await self._rows.amend(plan, agreed, seal, by=self._gate.caller.account_id, at=self._gate.clock.now())
        today = self._today(zone)
        contacts = [one.open(seal, today) for one in await self._rows.of_patient(patient.id) if one.plan_id == plan_id]
        return _plan(await self._rows.plan(plan_id) or plan, seal, contacts)

    async def attempt(self, contact_id: AftercareContactId, request: AttemptRequest, zone: str) -> AftercareContact:
        """Record an attempt to reach the patient.

        Raises:
            NotFoundError: There is no such contact here, or not for the caller.
            OverAlreadyError: The contact is closed, or the patient has come back or died.
            InvalidRequestError: The patient has not allowed to be reached in this way, or is at a site in another zone.
        """
        contact, seal = await self._lock_open(contact_id, zone)
        plan = await self._rows.plan(contact.plan_id)
        assert plan is not None  # noqa: S101 - no plan is ever deleted
        agreed = plan.agreed(seal)
        if not is_allowed(request, agreed):
            raise InvalidRequestError("/channel", "must be a way, and a message one, that the patient has allowed")
        attempt = Attempt(
            number=len(contact.attempts) + 1,
            **request.model_dump(),
            made_by=self._gate.caller.account_id,
            made_at=self._gate.clock.now(),
        )
        await self._rows.add_attempt(contact, attempt, seal)
        return await self._told(contact_id, seal, zone)

    async def close(self, contact_id: AftercareContactId, request: FollowUpRequest, zone: str) -> AftercareContact:
        """Record how the patient was doing, which closes the contact; where nobody is to be called again, all of them.

        Raises:
            NotFoundError: There is no such contact here, or not for the caller.
            OverAlreadyError: The contact is closed, or the patient has come back or died.
            ContactNotDueError: Its day has not come, and the patient may be called then.
            InvalidRequestError: The patient's site is in another zone.
        """
        contact, seal = await self._lock_open(contact_id, zone)
        closed = [contact]
        if ends_aftercare(request.outcome):
            closed = [one for one in await self._rows.of_patient(contact.patient_id) if not one.is_over]
        elif contact.status(self._today(zone)) is ContactStatus.UPCOMING:
            raise ContactNotDueError
        for one in closed:
            await self._rows.close(one, request, self._gate.clock.now(), seal)
        return await self._told(contact_id, seal, zone)

    async def _lock_open(self, contact_id: AftercareContactId, zone: str) -> tuple[KeptContact, PersonSeal]:
        found = await self._rows.contact(contact_id)
        if found is None:
            self._gate.refuse(contact_id)
            raise NotFoundError
        patient, seal = await self._patients.lock_sealed(found.patient_id, _KEPT)
        await self._zones.for_site(patient.site_id, zone)
        # Read again: it may have been closed before the patient was locked.
        contact = await self._rows.contact(contact_id) or found
        if contact.is_over:
            raise OverAlreadyError
        return contact, seal

    async def _told(self, contact_id: AftercareContactId, seal: PersonSeal, zone: str) -> AftercareContact:
        contact = await self._rows.contact(contact_id)
        assert contact is not None  # noqa: S101 - no contact is ever deleted
        return contact.open(seal, self._today(zone))

    def _today(self, zone: str) -> date:
        return self._gate.clock.now().astimezone(ZoneInfo(zone)).date()

    def _new_id(self) -> UUID:
        return new_id(self._gate.clock.now(), secrets.token_bytes(10))


class AftercareReads:
    """What can be read of aftercare."""

    def __init__(self, queries: AftercareQueries, patients: PatientReads, zones: SiteZoneReads, gate: Gate) -> None:
        self._queries = queries
        self._patients = patients
        self._zones = zones
        self._gate = gate

    async def of_patient(self, patient_id: PatientId, zone: str) -> Page[AftercarePlan]:
        """Return a patient's aftercare with every contact.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: The patient's site is in another zone.
        """
        patient, seal = await self._patients.sealed(patient_id, _KEPT)
        today = await self._today(patient.site_id, zone)
        contacts: dict[AftercarePlanId, list[AftercareContact]] = defaultdict(list)
        for one in await self._queries.contacts(patient_id):
            contacts[one.plan_id].append(one.open(seal, today))
        plans = await self._queries.plans(patient_id)
        return Page(items=[_plan(kept, seal, contacts[kept.id]) for kept in plans], next_page_token=None)

    async def due(self, patient_id: PatientId, seal: PersonSeal, today: date) -> list[AftercareContact]:
        """Return the patient's contacts that are due or overdue today; the caller has let the patient through."""
        return waiting([one.open(seal, today) for one in await self._queries.open_of(patient_id)])

    async def at_site(self, site_id: SiteId, zone: str) -> AftercareContacts:
        """Return the contacts of a site's patients that are due or overdue today, of those whom the caller may see.

        Raises:
            InvalidRequestError: The site is in another zone.
        """
        today = await self._today(site_id, zone)
        seals = await self._patients.seals_at(site_id, _KEPT)
        found = [one.open(seals[one.patient_id], today) for one in await self._queries.open(list(seals), today)]
        self._patients.shown({one.patient_id for one in found}, _KEPT)
        items = waiting(found)
        return AftercareContacts(
            today=today,
            due=sum(one.status is ContactStatus.DUE for one in items),
            overdue=sum(one.status is ContactStatus.OVERDUE for one in items),
            items=items,
        )

    async def _today(self, site_id: SiteId, zone: str) -> date:
        return (await self._zones.for_site(site_id, zone)).day(self._gate.clock.now(), site_id)


def _agreed(request: AftercareRequest) -> dict[str, object]:
    return {**request.model_dump(), "channels": sorted(request.channels)}


def _plan(kept: KeptPlan, seal: PersonSeal, contacts: list[AftercareContact]) -> AftercarePlan:
    names = ("id", "patient_id", "episode_id", "discharged_on", "created_by", "created_at")
    return AftercarePlan.model_validate(
        {
            **_agreed(kept.agreed(seal)),
            **{name: kept.row[name] for name in names},
            "practice": practice_on(kept.row["discharged_on"]),
            "contacts": contacts,
        }
    )
