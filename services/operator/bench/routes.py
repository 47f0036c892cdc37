"""What a front desk waits for at its screen: the placement routes, over HTTP, through the gateway, on PostgreSQL.

A clinic of its own is founded, its week solved and published; then one person after the other is admitted and asked
about at once, as a front desk does, so that with each question something is new. Afterwards all are asked about again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle
from time import perf_counter
from typing import Any, Final, Generic, NamedTuple, TypeVar

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.identity import Role
from services.contracts.scheduler.disruptions import (
    Disruption,
    DisruptionKind,
    DisruptionReason,
    DisruptionRequest,
)
from services.contracts.scheduler.placements import PlacementQuery, SessionWish
from services.contracts.scheduler.solves import SolveRequest, SolveStatus
from services.contracts.scheduler.timetables import Appointment
from services.operator.bench.cpu import cpu_seconds, spent
from services.operator.bench.timing import quantiles
from services.operator.demo import story
from services.operator.demo.calendars import next_monday, people
from services.operator.errors import OperatorError
from services.operator.stack import Addresses, running_stack
from services.operator.token_command import mint

_FRIDAY_BEFORE: Final = timedelta(days=3)
_ADVICE_RUNS: Final = 3
_REPAIR_RUNS: Final = 10
_POLL_SECONDS: Final = 0.05

_Subject = TypeVar("_Subject")
Ask = Callable[[PatientId], Awaitable[object]]


class NoRepairError(OperatorError):
    """A repair ended without a proposal."""

    def __init__(self, status: SolveStatus | None) -> None:
        super().__init__(f"A repair ended as {status}, without a proposal.")


class Clinic(NamedTuple):
    """How large the clinic is, how many ask after its week is out, and how long that may be solved for."""

    patients: int
    newcomers: int
    solve_seconds: float


def measure_routes(clinic: Clinic) -> dict[str, Any]:
    """Return the quantiles of each route on a stack of its own, in seconds on the clock."""
    week = next_monday(Clock().now().date())
    friday = datetime.combine(week - _FRIDAY_BEFORE, time(9), UTC)
    with running_stack(clock=friday) as addresses:
        token = mint(addresses.secrets, frozenset({Role.PLATFORM_OPERATOR}), offset=addresses.ahead)
        return asyncio.run(_asked(clinic, addresses, token, week))


async def _asked(clinic: Clinic, addresses: Addresses, operator_token: str, week: date) -> dict[str, Any]:
    http = HttpClient(timeout_seconds=60)
    try:
        return await ask(ApiClient(http, addresses.gateway, operator_token), clinic, week, addresses.pids)
    finally:
        await http.close()


async def ask(operator: ApiClient, clinic: Clinic, week: date, pids: Mapping[str, int]) -> dict[str, Any]:
    """Found the clinic, publish its week, and ask every route about each newcomer, one at a time."""
    director, login = await story.found_organization(operator)
    made = await story.build_clinic(director, clinic.patients)
    site_id, crowd = made.site_id, list(people(clinic.patients + 1 + clinic.newcomers, week, None))
    await story.admit(director, made, crowd[: clinic.patients], week)
    request = SolveRequest(site_id=site_id, week=week, time_limit_seconds=clinic.solve_seconds)
    await story.publish(director, await story.solve(director, request, lambda _: None))
    # What was made takes longer than a session lasts.
    director = await story.sign_in(director, login)
    newcomers: list[PatientId] = []
    groups = cycle([one async for one in director.appointments(site_id, week) if one.service.is_group])

    def wish(who: PatientId) -> SessionWish:
        group = next(groups)
        return SessionWish(patient_id=who, site_id=site_id, week=week, service=group.service, start=group.start)

    def query(who: PatientId) -> PlacementQuery:
        return PlacementQuery(patient_id=who, site_id=site_id, week=week)

    place: _Stopwatch[PatientId] = _Stopwatch(lambda who: director.recommend_placements(query(who)), pids)
    for person in crowd[clinic.patients :]:
        newcomers += (await story.admit(director, made, [person], week)).patients
        await place.ask(newcomers[-1])
    asks: dict[str, tuple[Ask, int]] = {
        "place_again": (place.ask_about, clinic.newcomers),
        "explain": (lambda who: director.explain_placement(site_id, week, who), clinic.newcomers),
        "explain_session": (lambda who: director.explain_session(wish(who)), clinic.newcomers),
        "capacity_advice": (lambda _: director.read_capacity_advice(site_id, week), _ADVICE_RUNS),
    }
    figures = {"place": place.figures()}
    for name, (ask_about, runs) in asks.items():
        stopwatch = _Stopwatch(ask_about, pids)
        for who in newcomers[: 1 + runs]:
            await stopwatch.ask(who)
        figures[name] = stopwatch.figures()
    figures["repair"] = await _repairs(director, site_id, week, pids)
    return {"patients": clinic.patients} | figures


async def _repairs(director: ApiClient, site_id: SiteId, week: date, pids: Mapping[str, int]) -> dict[str, Any]:
    """Call out who leads a group, one after the other for a day, from the request until there is a proposal."""
    leads = {
        (one.practitioner_id, one.start.date()): one
        async for one in director.appointments(site_id, week)
        if one.service.is_group and one.practitioner_id is not None
    }
    repaired: list[Disruption] = []

    async def call_out(one: Appointment) -> None:
        begin = one.start.replace(hour=0, minute=0)
        out = await director.create_disruption(
            DisruptionRequest(
                site_id=site_id,
                week=week,
                kind=DisruptionKind.PRACTITIONER_OUT,
                reason=DisruptionReason.ABSENCE,
                practitioner_id=one.practitioner_id,
                start=begin,
                end=begin + timedelta(days=1),
            )
        )
        while out.solve_status not in story.OVER:
            await asyncio.sleep(_POLL_SECONDS)
            out = await director.read_disruption(out.id)
        if out.repair is None:
            raise NoRepairError(out.solve_status)
        repaired.append(out)

    stopwatch = _Stopwatch(call_out, pids)
    for one in list(leads.values())[: 1 + _REPAIR_RUNS]:
        await stopwatch.ask(one)
        await director.withdraw_disruption(repaired[-1].id)
    touched = sum(one.repair.people_touched for one in repaired[1:] or repaired if one.repair is not None)
    return stopwatch.figures() | {"people_touched_in_all": touched}


class _Stopwatch(Generic[_Subject]):
    """Asks one thing about one after the other; the first time only warms up, where there is another."""

    def __init__(self, ask_about: Callable[[_Subject], Awaitable[object]], pids: Mapping[str, int]) -> None:
        self.ask_about = ask_about
        self._pids = pids
        self._seconds: list[float] = []
        self._cpu: list[dict[str, float]] = []

    async def ask(self, subject: _Subject) -> None:
        """Ask about one."""
        before, began = cpu_seconds(self._pids), perf_counter()
        await self.ask_about(subject)
        self._seconds.append(perf_counter() - began)
        self._cpu.append({name: now - before[name] for name, now in cpu_seconds(self._pids).items()})

    def figures(self) -> dict[str, Any]:
        """Return the quantiles on the clock, and the milliseconds of the processor that a question costs."""
        first = 1 if len(self._seconds) > 1 else 0
        return quantiles(self._seconds[first:]) | {"cpu_ms": spent(self._cpu[first:])}
