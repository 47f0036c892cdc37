"""What may be planned, and what the scheduler reads of it."""

import secrets
from datetime import date, timedelta
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError, VersionRequiredError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, SiteId, TreatmentPlanId
from services.contracts.records.treatment_plans import (
    HorizonRequirements,
    NoContact,
    NoContactRequest,
    PatientRequirement,
    PatientSeating,
    PlanPhase,
    PlanRequirement,
    SeatingPlan,
    TreatmentPlan,
    TreatmentPlanRequest,
    TreatmentPlanVersion,
)
from services.records.episodes.logic import EpisodeCommands, StaysToPlan
from services.records.episodes.stays import Stays
from services.records.errors import (
    HoursOutOfRangeError,
    NotAMondayError,
    PairAlreadyExistsError,
    UnknownPatientsError,
    UnschedulableServicesError,
)
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.treatment_plans.rules import (
    allowed_minutes,
    counted_minutes,
    horizon_week,
    is_monday,
    is_tapering,
    left_on,
    rule_pack_on,
    taper_faults,
    unschedulable,
    usual_weeks,
    week_of,
    within_stay,
)
from services.records.treatment_plans.storage import NoContactRows, TreatmentPlanQueries, TreatmentPlanRows
from services.records.treatment_plans.written import WrittenPlans, WrittenRequirement, WrittenWeek

_TO_SUNDAY: Final = timedelta(days=6)
_WRITTEN: Final = WrittenPlans()


class TreatmentPlanCommands:
    """Changes to treatment plans, within one unit of work."""

    def __init__(
        self, rows: TreatmentPlanRows, patients: PatientCommands, episodes: EpisodeCommands, gate: Gate
    ) -> None:
        self._rows = rows
        self._patients = patients
        self._episodes = episodes
        self._gate = gate

    async def put(
        self, patient_id: PatientId, request: TreatmentPlanRequest, expected_version: int | None
    ) -> TreatmentPlan:
        """Add a version to a patient's plan; the first needs no expected version.

        Raises:
            NotFoundError: There is no such patient here.
            VersionRequiredError: There is a plan already, and the caller does not say which version was read.
            StaleVersionError: Another version has been written meanwhile.
            HoursOutOfRangeError: The week's hours lie outside the level of care.
            UnschedulableServicesError: Minutes that no sessions add up to.
            InvalidRequestError: No rule pack applies yet, or the plan begins after the discharge and does not say when
                the patient comes back.
        """
        age = await self._patients.lock_age(patient_id, Information.TREATMENT_PLAN, request.effective_from)
        newest = await self._rows.newest_version(patient_id)
        _refuse_other_version(newest, expected_version)
        stays = await self._episodes.stays(patient_id)
        _refuse_impossible_week(request, age, stays.taper_weeks.get(patient_id, frozenset()))
        now = self._gate.clock.now()
        plan = TreatmentPlan.model_validate(
            {
                **request.model_dump(),
                "modalities": sorted(request.modalities),
                "id": new_id(now, secrets.token_bytes(10)),
                "patient_id": patient_id,
                "version": (newest or 0) + 1,
                "created_at": now,
            }
        )
        _refuse_unsaid_return(plan, stays)
        await self._rows.add(plan, self._gate.caller.account_id)
        return plan


def _refuse_other_version(newest: int | None, expected: int | None) -> None:
    if expected is None and newest is not None:
        raise VersionRequiredError
    if expected != newest:
        raise StaleVersionError("The plan has changed since you read it; read it again and send its ETag.")


def _refuse_impossible_week(request: TreatmentPlanRequest, age: int, taper_weeks: frozenset[date]) -> None:
    pack = rule_pack_on(request.effective_from)
    if pack is None:
        raise InvalidRequestError("/effective_from", "must not lie before the first rule pack applies")
    phase = PlanPhase.TAPER if is_tapering(request, taper_weeks) else request.phase
    allowed = allowed_minutes(pack, age, phase)
    if any(counted_minutes(pack, week) not in allowed for week in usual_weeks(request.required_services)):
        raise HoursOutOfRangeError(allowed.words, pack.citation)
    fields = (*unschedulable(request), *taper_faults(pack, age, request))
    if fields:
        raise UnschedulableServicesError(fields)


def _refuse_unsaid_return(plan: TreatmentPlan, stays: Stays) -> None:
    # A version of days after the discharge is for somebody who comes back; no week would be planned by it.
    left = left_on(plan, stays)
    if left is not None and left < plan.effective_from:
        words = "must say on which day after the discharge the patient comes back, unless they are admitted first"
        raise InvalidRequestError("/planned_admission", words)


class TreatmentPlanReads:
    """What can be read of treatment plans."""

    def __init__(self, queries: TreatmentPlanQueries, patients: PatientReads, stays: StaysToPlan) -> None:
        self._queries = queries
        self._patients = patients
        self._stays = stays

    async def newest(self, patient_id: PatientId) -> TreatmentPlan:
        """Return the newest version of a patient's plan.

        Raises:
            NotFoundError: There is no plan, or no such patient here, or not for the caller.
        """
        await self._patients.presence(patient_id, Information.TREATMENT_PLAN)
        plan = await self._queries.newest(patient_id)
        if plan is None:
            raise NotFoundError
        return plan

    async def versions(self, patient_id: PatientId) -> Page[TreatmentPlanVersion]:
        """Return every version of a patient's plan, newest first, with who wrote it.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        await self._patients.presence(patient_id, Information.TREATMENT_PLAN)
        return Page(items=await self._queries.versions(patient_id), next_page_token=None)

    async def written(self, patient_id: PatientId) -> TreatmentPlan | None:
        """Return the newest version, or None where there is none; the caller has let the patient through."""
        return await self._queries.newest(patient_id)

    async def requirement(self, patient_id: PatientId, monday: date) -> PlanRequirement | None:
        """Return what the plan that is in force requires of a week; the caller has let the patient through."""
        plans = await self._queries.effective([patient_id], monday + _TO_SUNDAY)
        required = week_of(plans[0], monday) if plans else None
        return None if required is None else within_stay(required, monday, await self._stays.of([patient_id]))

    async def required(self, patient_id: PatientId, monday: date) -> PatientRequirement:
        """Return what a patient's plan requires of a week, to whoever may see what the patient attends.

        Raises:
            NotAMondayError: The day does not begin a week.
            NotFoundError: There is no such patient here, or not for the caller.
        """
        if not is_monday(monday):
            raise NotAMondayError
        await self._patients.presence_to_plan(patient_id, Information.ATTENDANCE)
        required = await self.requirement(patient_id, monday)
        return PatientRequirement(
            patient_id=patient_id,
            week=monday,
            plan_version=None if required is None else required.plan_version,
            required_services=[] if required is None else required.required_services,
        )

    async def seating(self, patient_id: PatientId) -> PatientSeating:
        """Return what giving a patient a seat depends on.

        Raises:
            NotFoundError: There is no such patient here.
        """
        patient = await self._patients.presence_to_plan(patient_id)
        plan = await self._queries.newest(patient.id)
        stays = await self._stays.of([patient.id])
        return PatientSeating(
            patient_id=patient.id,
            travel_minutes=0 if plan is None else plan.travel_minutes,
            no_contact=await self._queries.apart_from(patient.id),
            plan=None if plan is None else _seating_plan(plan),
            left_on=stays.left_on.get(patient.id) if plan is None else left_on(plan, stays),
        )

    async def week(self, site_id: SiteId, monday: date) -> WrittenWeek:
        """Return what the plans of a site require of one week, and who may not meet in it.

        A version that takes effect within the week holds for the whole of it.

        Raises:
            NotAMondayError: The day does not begin a week.
        """
        if not is_monday(monday):
            raise NotAMondayError
        at_site = await self._patients.at_site(site_id)
        in_force = await self._queries.in_force(at_site, monday + _TO_SUNDAY)
        written = await self._written(in_force, monday)
        stays = await self._stays.of(at_site)
        patients = [
            requirement
            for plan_id in in_force
            if (whole := written[plan_id]) is not None
            and (requirement := _within_stay(whole, monday, stays)) is not None
        ]
        patient_ids = [patient.required.patient_id for patient in patients]
        apart = await self._queries.apart(patient_ids)
        self._patients.planned(patient_ids)
        return WrittenWeek(site_id, monday, patients, apart)

    async def _written(
        self, plan_ids: list[TreatmentPlanId], monday: date
    ) -> dict[TreatmentPlanId, WrittenRequirement | None]:
        written = _WRITTEN.known(plan_ids, monday)
        unknown = [plan_id for plan_id in plan_ids if plan_id not in written]
        for plan in await self._queries.some(unknown) if unknown else ():
            required = week_of(plan, monday)
            written[plan.id] = None if required is None else WrittenRequirement.of(required)
        _WRITTEN.keep({plan_id: written[plan_id] for plan_id in unknown}, monday)
        return written

    async def horizon(self, site_id: SiteId, first: date, weeks: int) -> HorizonRequirements:
        """Return what the plans of a site require of several weeks from a Monday on, as they stand today.

        Raises:
            NotAMondayError: The day does not begin a week.
        """
        if not is_monday(first):
            raise NotAMondayError
        mondays = [first + timedelta(weeks=number) for number in range(weeks)]
        at_site = await self._patients.at_site(site_id)
        plans = await self._queries.effective(at_site, mondays[-1] + _TO_SUNDAY)
        stays = await self._stays.of(at_site)
        ahead = [horizon_week(plans, monday, stays) for monday in mondays]
        self._patients.planned(sorted({patient.patient_id for week in ahead for patient in week.patients}))
        return HorizonRequirements(site_id=site_id, weeks=ahead)


def _within_stay(written: WrittenRequirement, monday: date, stays: Stays) -> WrittenRequirement | None:
    # Episodes may change while the plan's version stands, so they are never part of what is kept.
    required = within_stay(written.required, monday, stays)
    if required is written.required:
        return written
    return None if required is None else WrittenRequirement.of(required)


def _seating_plan(plan: TreatmentPlan) -> SeatingPlan:
    return SeatingPlan(
        services=[required.service for required in plan.required_services],
        track=plan.track,
        languages=plan.languages,
        modalities=plan.modalities,
        telehealth_consented_on=plan.telehealth_consented_on,
        telehealth_jurisdiction=plan.telehealth_jurisdiction,
        needs_transport=plan.needs_transport,
    )


class PlansToDisclose:
    """The plan as a disclosure takes it, which decides on it itself."""

    def __init__(self, queries: TreatmentPlanQueries) -> None:
        self._queries = queries

    async def newest(self, patient_id: PatientId) -> TreatmentPlan | None:
        """Return the newest version of a patient's plan, or None where there is none."""
        return await self._queries.newest(patient_id)


class NoContactCommands:
    """Changes to who may meet, within one unit of work."""

    def __init__(self, rows: NoContactRows, patients: PatientCommands, clock: Clock) -> None:
        self._rows = rows
        self._patients = patients
        self._clock = clock

    async def create(self, request: NoContactRequest) -> NoContact:
        """Keep two patients apart from now on.

        Raises:
            UnknownPatientsError: One of them is no patient here.
            PairAlreadyExistsError: They are kept apart already.
        """
        known = await self._patients.known(request.patient_ids)
        unknown = [index for index, patient_id in enumerate(request.patient_ids) if patient_id not in known]
        if unknown:
            raise UnknownPatientsError([f"/patient_ids/{index}" for index in unknown])
        pair = NoContact(patient_ids=sorted(request.patient_ids))
        if not await self._rows.add(pair, self._clock.now()):
            raise PairAlreadyExistsError
        return pair
