"""What a front desk waits for at its screen: the placement routes, over HTTP, through the gateway, on PostgreSQL.

A clinic of its own is founded, its week solved and published; then people are admitted who are in none of its groups,
and asked about one after the other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle
from time import perf_counter
from typing import Any, Final, NamedTuple

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.contracts.identifiers import PatientId
from services.contracts.identity import Role
from services.contracts.scheduler.placements import PlacementQuery, SessionWish
from services.contracts.scheduler.timetables import SolveRequest
from services.operator.bench.timing import quantiles
from services.operator.demo import story
from services.operator.demo.calendars import next_monday, people
from services.operator.stack import running_stack
from services.operator.token_command import mint

_FRIDAY_BEFORE: Final = timedelta(days=3)
_ADVICE_RUNS: Final = 3


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
        token = mint(addresses.secrets, frozenset({Role.PLATFORM_OPERATOR}), offset=friday - Clock().now())
        return asyncio.run(_asked(clinic, addresses.gateway, token, week))


async def _asked(clinic: Clinic, gateway: str, operator_token: str, week: date) -> dict[str, Any]:
    http = HttpClient(timeout_seconds=60)
    try:
        return await ask(ApiClient(http, gateway, operator_token), clinic, week)
    finally:
        await http.close()


async def ask(operator: ApiClient, clinic: Clinic, week: date) -> dict[str, Any]:
    """Found the clinic, publish its week, and ask every route about each newcomer, one at a time."""
    director, login = await story.found_organization(operator)
    made = await story.build_clinic(director, clinic.patients)
    site_id, crowd = made.site_id, list(people(clinic.patients + clinic.newcomers, week, None))
    await story.admit(director, made, crowd[: clinic.patients], week)
    request = SolveRequest(site_id=site_id, week=week, time_limit_seconds=clinic.solve_seconds)
    await story.publish(director, await story.solve(director, request, lambda _: None))
    # What was made takes longer than a session lasts.
    director = await story.sign_in(director, login)
    newcomers = (await story.admit(director, made, crowd[clinic.patients :], week)).patients
    groups = cycle([one async for one in director.appointments(site_id, week) if one.service.is_group])

    def wish(who: PatientId) -> SessionWish:
        group = next(groups)
        return SessionWish(patient_id=who, site_id=site_id, week=week, service=group.service, start=group.start)

    def query(who: PatientId) -> PlacementQuery:
        return PlacementQuery(patient_id=who, site_id=site_id, week=week)

    asks: dict[str, tuple[Callable[[PatientId], Awaitable[object]], int]] = {
        "place": (lambda who: director.recommend_placements(query(who)), len(newcomers)),
        "explain": (lambda who: director.explain_placement(site_id, week, who), len(newcomers)),
        "explain_session": (lambda who: director.explain_session(wish(who)), len(newcomers)),
        "capacity_advice": (lambda _: director.read_capacity_advice(site_id, week), _ADVICE_RUNS),
    }
    figures = {name: await _timed(one, newcomers[:runs]) for name, (one, runs) in asks.items()}
    return {"patients": clinic.patients} | figures


async def _timed(
    ask_about: Callable[[PatientId], Awaitable[object]], patients: Sequence[PatientId]
) -> dict[str, float | int]:
    """Ask once to warm up, then about everybody."""
    await ask_about(patients[0])
    seconds = []
    for patient in patients:
        began = perf_counter()
        await ask_about(patient)
        seconds.append(perf_counter() - began)
    return quantiles(seconds)
