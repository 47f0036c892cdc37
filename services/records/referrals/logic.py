"""What may be done with referrals."""

import secrets
from datetime import date, datetime, time, timedelta
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, ReferralContactId, ReferralId, SiteId
from services.contracts.records.episodes import EpisodeRequest
from services.contracts.records.patients import PatientRequest
from services.contracts.records.referrals import (
    AdmissionWaitlist,
    ContactOutcome,
    HelperAnswers,
    IntakeHeld,
    IntakeKpis,
    IntakePlan,
    Referral,
    ReferralAdmission,
    ReferralAssignment,
    ReferralClose,
    ReferralClosing,
    ReferralContact,
    ReferralContactRequest,
    ReferralRequest,
    ReferralStatus,
    WaitsFor,
)
from services.records.episodes.logic import EpisodeCommands
from services.records.errors import PatientKnownError, ReferralSettledError
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands
from services.records.referrals.clock import intake_clock
from services.records.referrals.kpi_storage import KpiQueries
from services.records.referrals.rules import due_at, in_order, waiting, waits_for, was_permitted
from services.records.referrals.storage import ReferralQueries, ReferralRows, Seen, Viewer
from services.records.site_zones.logic import KnownSites, SiteZoneReads

_KEPT: Final = Information.DEMOGRAPHICS
_MOST_SHOWN: Final = 200
_LONGEST_RANGE: Final = timedelta(days=366)
_LONGEST_AGO: Final = timedelta(days=366)


def new_referral(request: ReferralRequest, helper: HelperAnswers | None, now: datetime) -> Referral:
    """Make a referral of what has come in.

    Raises:
        InvalidRequestError: It came in the future, or more than a year ago.
    """
    received_at = request.received_at or now
    if not now - _LONGEST_AGO <= received_at <= now:
        raise InvalidRequestError("/received_at", "must lie within the last year and not in the future")
    return Referral(
        id=ReferralId(new_id(now, secrets.token_bytes(10))),
        site_id=request.site_id,
        person=request.person,
        source=request.source,
        source_name=request.source_name,
        urgency=request.urgency,
        helper=helper,
        received_at=received_at,
        first_reached_at=None,
        intake_due_at=due_at(received_at, intake_clock().hours),
        intake_planned_at=None,
        intake_held_at=None,
        assigned_to=None,
        status=ReferralStatus.OPEN,
        closing=None,
        patient_id=None,
        episode_id=None,
        version=1,
        created_at=now,
        closed_at=None,
    )


class ReferralIntake:
    """Takes in what a person sends by themselves, from outside and without an account."""

    def __init__(self, rows: ReferralRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    async def receive(self, request: ReferralRequest, helper: HelperAnswers) -> Referral:
        """Write down that somebody asked for treatment, with what they chose to send along."""
        referral = new_referral(request, helper, self._clock.now())
        await self._rows.add(referral)
        return referral


class ReferralCommands:
    """Changes to referrals, within one unit of work."""

    def __init__(
        self, rows: ReferralRows, patients: PatientCommands, beside: tuple[EpisodeCommands, KnownSites], gate: Gate
    ) -> None:
        self._rows = rows
        self._patients = patients
        self._episodes, self._sites = beside
        self._gate = gate

    async def receive(self, request: ReferralRequest) -> Referral:
        """Write down that somebody asked for treatment; who cannot see everybody takes it on.

        Raises:
            InvalidRequestError: There is no such site, or it came in the future, or more than a year ago.
        """
        await self._sites.refuse_unknown(request.site_id, "/site_id")
        referral = new_referral(request, None, self._gate.clock.now())
        if not self._gate.sees_everybody(_KEPT):
            referral = referral.model_copy(update={"assigned_to": self._gate.caller.account_id})
        await self._rows.add(referral)
        self._gate.shown([PatientId(referral.id)], _KEPT)
        return referral

    async def contact(self, referral_id: ReferralId, request: ReferralContactRequest) -> ReferralContact:
        """Write down an attempt to reach the person, also one that they had not allowed.

        Raises:
            NotFoundError: There is no such referral here, or not for the caller.
            ReferralSettledError: It is settled.
            InvalidRequestError: The attempt lies in the future, or before the referral.
        """
        referral = await self._lock_open(referral_id, None)
        at = self._within(referral, "/at", request.at or self._gate.clock.now())
        contact = ReferralContact(
            id=ReferralContactId(new_id(self._gate.clock.now(), secrets.token_bytes(10))),
            referral_id=referral_id,
            channel=request.channel,
            outcome=request.outcome,
            at=at,
            was_permitted=was_permitted(referral.person.permissions, request.channel, request.outcome),
            by=self._gate.caller.account_id,
        )
        await self._rows.add_contact(contact)
        reached = referral.first_reached_at
        if request.outcome is ContactOutcome.REACHED and (reached is None or at < reached):
            await self._changed(referral, first_reached_at=at)
        return contact

    async def assign(self, referral_id: ReferralId, request: ReferralAssignment, version: int) -> Referral:
        """Let an account take a referral on: from now on it sees it, and who had it before does so no more by it.

        Raises:
            NotFoundError: There is no such referral here, or not for the caller.
            StaleVersionError: It has changed meanwhile.
            ReferralSettledError: It is settled.
        """
        return await self._changed(await self._lock_open(referral_id, version), assigned_to=request.account_id)

    async def plan_intake(self, referral_id: ReferralId, request: IntakePlan, version: int) -> Referral:
        """Say when intake is to be; otherwise as `assign`.

        Raises:
            InvalidRequestError: It lies before the referral.
        """
        referral = await self._lock_open(referral_id, version)
        if request.planned_at < referral.received_at:
            raise InvalidRequestError("/planned_at", "must not lie before received_at")
        return await self._changed(referral, intake_planned_at=request.planned_at)

    async def hold_intake(self, referral_id: ReferralId, request: IntakeHeld, version: int) -> Referral:
        """Say when intake was: the clock stops; otherwise as `assign`.

        Raises:
            InvalidRequestError: It lies in the future, or before the referral.
        """
        referral = await self._lock_open(referral_id, version)
        held_at = self._within(referral, "/held_at", request.held_at)
        return await self._changed(referral, intake_held_at=held_at)

    async def close(self, referral_id: ReferralId, request: ReferralClose, version: int) -> Referral:
        """End a referral without an admission; otherwise as `assign`."""
        referral = await self._lock_open(referral_id, version)
        return await self._changed(
            referral, status=ReferralStatus.CLOSED, closing=request.reason, closed_at=self._gate.clock.now()
        )

    async def admit(self, referral_id: ReferralId, request: ReferralAdmission, version: int) -> Referral:
        """Admit a person: find or make the patient, and begin the episode of care.

        Raises:
            NotFoundError: There is no such referral or patient here, or not for the caller.
            StaleVersionError: The referral has changed meanwhile.
            ReferralSettledError: It is settled.
            InvalidRequestError: No birth date for a new patient, or an episode that cannot be.
            PatientKnownError: A patient has this name and birth date, and nobody has looked.
            EpisodeOpenError: The patient is in this programme already.
        """
        referral = await self._lock_open(referral_id, version)
        patient_id = request.patient_id
        if patient_id is None:
            patient_id = await self._new_patient(referral, request)
        patient = await self._patients.lock(patient_id, _KEPT)
        admission = EpisodeRequest(
            programme=request.programme, admitted_on=request.admitted_on, initial=request.initial
        )
        episode = await self._episodes.open(patient_id, patient.site_id, admission)
        return await self._changed(
            referral,
            status=ReferralStatus.ADMITTED,
            patient_id=patient_id,
            episode_id=episode.id,
            closed_at=self._gate.clock.now(),
        )

    async def _new_patient(self, referral: Referral, request: ReferralAdmission) -> PatientId:
        person = referral.person
        birth_date = request.birth_date or person.birth_date
        if birth_date is None:
            raise InvalidRequestError("/birth_date", "is needed, as the referral has none")
        if not request.is_another_person:
            known = await self._patients.alike(person.given_name, person.family_name, birth_date)
            if known:
                raise PatientKnownError(known)
        made = PatientRequest(
            given_name=person.given_name,
            family_name=person.family_name,
            birth_date=birth_date,
            site_id=referral.site_id,
        )
        return (await self._patients.create(made)).id

    async def _lock_open(self, referral_id: ReferralId, version: int | None) -> Referral:
        seen = await self._rows.lock(referral_id, _viewer(self._gate))
        referral = _let_through(self._gate, referral_id, seen)
        if version is not None and referral.version != version:
            raise StaleVersionError("The referral has changed since you read it; read it again and send its ETag.")
        if referral.status is not ReferralStatus.OPEN:
            raise ReferralSettledError
        return referral

    def _within(self, referral: Referral, pointer: str, at: datetime) -> datetime:
        if not referral.received_at <= at <= self._gate.clock.now():
            raise InvalidRequestError(pointer, "must lie between received_at and now")
        return at

    async def _changed(self, referral: Referral, **changes: object) -> Referral:
        changed = referral.model_copy(update={**changes, "version": referral.version + 1})
        await self._rows.change(changed)
        return changed


class ReferralReads:
    """What can be read of referrals."""

    def __init__(self, queries: ReferralQueries, kpis: KpiQueries, zones: SiteZoneReads, gate: Gate) -> None:
        self._queries = queries
        self._kpis = kpis
        self._zones = zones
        self._gate = gate

    async def one(self, referral_id: ReferralId) -> Referral:
        """Return a referral.

        Raises:
            NotFoundError: There is no such referral here, or not for the caller.
        """
        return _let_through(self._gate, referral_id, await self._queries.one(referral_id, _viewer(self._gate)))

    async def page(self, site_id: SiteId, status: ReferralStatus, requested: PageRequest) -> Page[Referral]:
        """Return a page of the referrals that the caller may see, in the order in which they were entered."""
        everybody = self._gate.sees_everybody(_KEPT)
        found = await self._queries.some(site_id, status, requested, _viewer(self._gate), everybody=everybody)
        return requested.page(self._shown(found))

    async def contacts(self, referral_id: ReferralId) -> Page[ReferralContact]:
        """Return the attempts to reach a person, oldest first; otherwise as `one`."""
        await self.one(referral_id)
        return Page(items=await self._queries.contacts(referral_id), next_page_token=None)

    async def waitlist(self, site_id: SiteId, due_soon_hours: float | None) -> AdmissionWaitlist:
        """Return who waits for intake, whose clock passes first at the head, then who waits for a first session."""
        clock = intake_clock()
        everybody = self._gate.sees_everybody(_KEPT)
        zone = await self._zones.zone(site_id)
        found = await self._queries.waiting(site_id, zone, _viewer(self._gate), everybody=everybody)
        shown = in_order(seen.referral for seen in found if self._gate.is_open(seen.reach, _KEPT))
        self._gate.shown([PatientId(referral.id) for referral in shown[:_MOST_SHOWN]], _KEPT)
        hours = clock.due_soon_hours if due_soon_hours is None else due_soon_hours
        now = self._gate.clock.now()
        return AdmissionWaitlist(
            site_id=site_id,
            clock_hours=clock.hours,
            citation=clock.citation,
            waiting=len(shown),
            waiting_for_first_session=sum(waits_for(one) is WaitsFor.FIRST_SESSION for one in shown),
            items=[waiting(referral, now, hours) for referral in shown[:_MOST_SHOWN]],
        )

    async def kpis(self, site_id: SiteId, first_day: date, last_day: date) -> IntakeKpis:
        """Return counts and medians of the referrals received on some days, as the site counts them.

        Raises:
            InvalidRequestError: The days are in the wrong order, or more than a year.
        """
        if not timedelta() <= last_day - first_day <= _LONGEST_RANGE:
            raise InvalidRequestError("last_day", "must lie within a year after first_day", location="query")
        zone = await self._zones.zone(site_id)
        first = datetime.combine(first_day, time(), zone)
        end = datetime.combine(last_day + timedelta(days=1), time(), zone)
        figures = await self._kpis.figures(site_id, first, end, zone)
        closed = await self._kpis.closed(site_id, first, end)
        self._gate.configured(site=site_id)
        clock = intake_clock()
        return IntakeKpis(
            site_id=site_id,
            first_day=first_day,
            last_day=last_day,
            closed={ReferralClosing(reason): number for reason, number in closed.items()},
            contacts_not_permitted=await self._kpis.not_permitted(site_id, first, end),
            clock_hours=clock.hours,
            citation=clock.citation,
            **figures,
        )

    def _shown(self, found: list[Seen]) -> list[Referral]:
        shown = [seen.referral for seen in found if self._gate.is_open(seen.reach, _KEPT)]
        self._gate.shown([PatientId(referral.id) for referral in shown], _KEPT)
        return shown


def _viewer(gate: Gate) -> Viewer:
    return Viewer(gate.caller.account_id, gate.clock.now())


def _let_through(gate: Gate, referral_id: ReferralId, seen: Seen | None) -> Referral:
    gate.pass_through(referral_id, seen and seen.reach, _KEPT)
    if seen is None:
        raise NotFoundError
    return seen.referral
