"""The story the demo tells, call by call, through the gateway like any frontend."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from uuid import uuid4

from pydantic import SecretStr

from services.clients.api import ApiClient
from services.clients.errors import RefusedError
from services.contracts.gateway.login import LoginRequest
from services.contracts.gateway.organizations import AccountRequest, OrganizationRequest
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.identity import Role
from services.contracts.problems import ProblemType
from services.contracts.records.patients import PatientRequest
from services.contracts.records.treatment_plans import NoContactRequest, TreatmentPlanRequest
from services.contracts.scheduler.licences import LicenceRequest
from services.contracts.scheduler.sites import Practitioner
from services.contracts.scheduler.solves import Solve, SolveRequest, SolveStatus
from services.contracts.scheduler.timetables import Proposal, Timetable, TimetableChangeReason
from services.contracts.vocabulary import Modality, ServiceKind
from services.operator.demo import clinic
from services.operator.demo.people import JURISDICTION, Person
from services.operator.errors import OperatorError

_AT_ONCE: Final = 4
_TEAM: Final = 3
_POLL_SECONDS: Final = 0.5
_LICENSED: Final = date(2020, 1, 1)
OVER: Final = frozenset({SolveStatus.SUCCEEDED, SolveStatus.FAILED, SolveStatus.CANCELLED})


class SolveEndedError(OperatorError):
    """The solve gave no timetable to publish."""


@dataclass(frozen=True, slots=True)
class Login:
    """How to sign in to the demo as its programme director."""

    email: str
    password: str


@dataclass(slots=True)
class Clinic:
    """The clinic as it was made: where, and who works there."""

    site_id: SiteId
    counsellors: list[Practitioner] = field(default_factory=list)


@dataclass(slots=True)
class Admissions:
    """Who was admitted, and whose calendar was refused and why."""

    patients: list[PatientId] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    warnings: int = 0


async def found_organization(operator: ApiClient) -> tuple[ApiClient, Login]:
    """Make an organization and its programme director's account, and sign in as that person."""
    organization = await operator.create_organization(OrganizationRequest(name="Eventide demonstration programme"))
    login = Login(f"director-{uuid4().hex[:8]}@demo.invalid", f"demo-{uuid4().hex[:20]}")
    await operator.create_account(
        organization.id,
        AccountRequest(
            email=login.email,
            password=SecretStr(login.password),
            display_name="Demo Director",
            roles=frozenset({Role.PROGRAMME_DIRECTOR}),
        ),
    )
    return await sign_in(operator, login), login


async def sign_in(anybody: ApiClient, login: Login) -> ApiClient:
    """Sign in as the programme director; a session ends while a large clinic is made."""
    return await anybody.sign_in(LoginRequest(email=login.email, password=SecretStr(login.password)))


async def build_clinic(director: ApiClient, patients: int) -> Clinic:
    """Enter the site, its rooms, its staff and the groups it may hold."""
    site = await director.create_site(clinic.site())
    made = Clinic(site.id)
    for room in clinic.rooms(patients):
        await director.create_room(site.id, room)
    for offering in clinic.offerings():
        await director.create_group_offering(site.id, offering)
    for member in clinic.staff(patients):
        practitioner = await director.create_practitioner(site.id, member)
        await director.create_licence(practitioner.id, LicenceRequest(jurisdiction=JURISDICTION, valid_from=_LICENSED))
        if practitioner.role == "counsellor":
            made.counsellors.append(practitioner)
    return made


async def admit(director: ApiClient, made: Clinic, people: Iterable[Person], week: date) -> Admissions:
    """Admit everyone: the person, the calendar, the plan; a refused calendar leaves its person out of the week."""
    admissions = Admissions()
    gate = asyncio.Semaphore(_AT_ONCE)

    async def admit_one(person: Person) -> None:
        async with gate:
            await _admit(director, made, person, week, admissions)

    await asyncio.gather(*(admit_one(person) for person in people))
    if len(admissions.patients) > 1:
        await director.create_no_contact(NoContactRequest(patient_ids=sorted(admissions.patients)[:2]))
    return admissions


async def _admit(director: ApiClient, made: Clinic, person: Person, week: date, admissions: Admissions) -> None:
    patient = await director.create_patient(
        PatientRequest(
            given_name="Test",
            family_name=f"Patient-{person.number:03}",
            birth_date=person.birth_date,
            site_id=made.site_id,
        )
    )
    try:
        source = await director.import_calendar(patient.id, person.calendar)
    except RefusedError as refusal:
        if refusal.problem.type not in {ProblemType.CALENDAR_REFUSED.urn, ProblemType.BODY_TOO_LARGE.urn}:
            raise
        admissions.refused[str(refusal)] = admissions.refused.get(str(refusal), 0) + 1
        return
    admissions.warnings += len(source.warnings)
    team = _team(made.counsellors, person)
    by_video = Modality.TELEHEALTH in person.modalities
    plan = TreatmentPlanRequest(
        effective_from=week,
        required_services=list(person.needs),
        track=person.track,
        languages=list(person.languages),
        modalities=person.modalities,
        travel_minutes=person.travel_minutes,
        telehealth_consented_on=week if by_video else None,
        telehealth_jurisdiction=JURISDICTION if by_video else None,
        team=[member.id for member in team],
        primary_practitioner_id=team[0].id,
        preference_cost=person.preference_cost,
    )
    await director.put_treatment_plan(patient.id, plan)
    admissions.patients.append(patient.id)


def _team(counsellors: Sequence[Practitioner], person: Person) -> list[Practitioner]:
    able = [one for one in counsellors if ServiceKind.INDIVIDUAL in one.individual]
    start = person.number % len(able)
    return [able[(start + step) % len(able)] for step in range(min(_TEAM, len(able)))]


async def solve(director: ApiClient, request: SolveRequest, on_progress: Callable[[Solve], None]) -> Proposal:
    """Ask for the week and watch until there is a proposal.

    Raises:
        SolveEndedError: It ended without one; the message says what to do.
    """
    job = await director.create_solve(request)
    try:
        while job.status not in OVER:
            await asyncio.sleep(_POLL_SECONDS)
            job = await director.read_solve(job.id)
            on_progress(job)
    except asyncio.CancelledError:
        await director.cancel_solve(job.id)
        raise
    if job.proposal_id is None:
        why = job.problem.detail if job.problem is not None else f"the solver's answer was {job.outcome}"
        raise SolveEndedError(f"There is no week to publish: {why} Try a longer --time-limit.")
    return await director.read_proposal(job.proposal_id)


async def publish(director: ApiClient, proposal: Proposal) -> Timetable:
    """Publish the proposal on the version it was made for."""
    reason = TimetableChangeReason.BETTER_WEEK if proposal.base_version > 0 else None
    return await director.publish_proposal(proposal.id, proposal.base_version, reason)
