"""`eventide demo`: a stack of its own, the story, the board, the figures, and where to look."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic
from typing import Any, Final

from rich.console import Console

from services.chassis.clock import Clock
from services.chassis.errors import ServiceError
from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.clients.errors import RefusedError
from services.contracts.identity import Role
from services.contracts.scheduler.solves import Solve, SolveRequest
from services.contracts.scheduler.timetables import Timetable
from services.operator.demo import story
from services.operator.demo.board import print_board
from services.operator.demo.calendars import next_monday, people
from services.operator.demo.figures import figures
from services.operator.demo.people import Person
from services.operator.errors import OperatorError
from services.operator.stack import Addresses, running_stack
from services.operator.token_command import mint

_USAGE: Final = 2
_MONDAY: Final = 0
_FRIDAY_BEFORE: Final = timedelta(days=3)

_BOARD_WIDTH: Final = 150

_say: Final = Console(stderr=True, highlight=False)


class StepRefusedError(OperatorError):
    """The API refused a step of the demo."""


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; with --json one object on stdout, progress on stderr."""
    week: date = arguments.week or next_monday(Clock().now().date())
    if week.weekday() != _MONDAY:
        _say.print(
            f"eventide: --week {week} is a {week:%A}; give a Monday, such as {week - timedelta(days=week.weekday())}."
        )
        return _USAGE
    if arguments.patients < 1:
        _say.print("eventide: --patients must be at least 1.")
        return _USAGE
    started = monotonic()
    crowd = list(people(arguments.patients, week, arguments.calendars))
    friday = datetime.combine(week - _FRIDAY_BEFORE, time(9), UTC)
    with running_stack(clock=friday, port=None if not arguments.no_serve else 0, progress=_step) as addresses:
        report = asyncio.run(_tell(arguments, week, crowd, addresses, started))
        if arguments.json:
            print(json.dumps(report, default=str), flush=True)
        if not arguments.no_serve:
            _wait_for_interrupt()
    return 0


def _step(text: str) -> None:
    _say.print(f"  {text}")


def _wait_for_interrupt() -> None:
    _say.print("Serving until Ctrl-C.")
    with suppress(KeyboardInterrupt):
        signal.pause()


async def _tell(
    arguments: argparse.Namespace, week: date, crowd: Sequence[Person], addresses: Addresses, started: float
) -> dict[str, Any]:
    http = HttpClient(timeout_seconds=60)
    try:
        return await _Demo(arguments, week, addresses, http).tell(crowd, started)
    except (RefusedError, ServiceError) as refusal:
        raise StepRefusedError(f"The demo stopped: {refusal}") from None
    finally:
        await http.close()


class _Demo:
    """One run of the demo and the seconds each part of it took."""

    def __init__(self, arguments: argparse.Namespace, week: date, addresses: Addresses, http: HttpClient) -> None:
        self._arguments = arguments
        self._week = week
        self._addresses = addresses
        self._http = http
        self._seconds: dict[str, float] = {}

    async def tell(self, crowd: Sequence[Person], started: float) -> dict[str, Any]:
        token = mint(self._addresses.secrets, frozenset({Role.PLATFORM_OPERATOR}), offset=self._offset())
        operator = ApiClient(self._http, self._addresses.gateway, token)
        director, login = await story.found_organization(operator)
        made = await story.build_clinic(director, self._arguments.patients)
        self._lap("setup", started)

        at = monotonic()
        admissions = await story.admit(director, made, crowd, self._week)
        self._tell_admissions(admissions)
        self._lap("import", at)

        at = monotonic()
        request = SolveRequest(site_id=made.site_id, week=self._week, time_limit_seconds=self._arguments.time_limit)
        proposal = await story.solve(director, request, self._show_progress)
        self._lap("solve", at)

        at = monotonic()
        await story.publish(director, proposal)
        self._lap("publish", at)
        return await self._report(director, made, login, admissions)

    async def _report(
        self, director: ApiClient, made: story.Clinic, login: story.Login, admissions: story.Admissions
    ) -> dict[str, Any]:
        timetable = await director.read_timetable(made.site_id, self._week)
        appointments = [one async for one in director.appointments(made.site_id, self._week)]
        rooms = [one async for one in director.rooms(made.site_id)]
        practitioners = [one async for one in director.practitioners(made.site_id)]
        console = Console(stderr=self._arguments.json, highlight=False)
        console.width = max(console.width, _BOARD_WIDTH)
        print_board(console, self._week, appointments, rooms, practitioners)
        report = figures(timetable, appointments) | {
            "week": self._week.isoformat(),
            "calendars_refused": sum(admissions.refused.values()),
            "calendar_warnings": admissions.warnings,
            "seconds": self._seconds,
            "gateway": self._addresses.gateway,
            "documentation": f"{self._addresses.gateway}/docs",
            "login": asdict(login),
        }
        _print_summary(console, report, timetable)
        return report

    def _lap(self, name: str, since: float) -> None:
        self._seconds[name] = round(monotonic() - since, 2)
        _say.print(f"  {name}: {self._seconds[name]} s")

    def _offset(self) -> timedelta:
        return datetime.combine(self._week - _FRIDAY_BEFORE, time(9), UTC) - Clock().now()

    def _tell_admissions(self, admissions: story.Admissions) -> None:
        for sentence, count in admissions.refused.items():
            _say.print(f"  {count} calendar(s) refused, and their people left out: {sentence}")
        if not admissions.patients:
            raise StepRefusedError("No calendar could be read; --calendars needs a folder of iCalendar (.ics) files.")

    def _show_progress(self, job: Solve) -> None:
        progress = job.progress
        if progress is None or progress.objective is None:
            line = f"  {job.status.value} ..."
        else:
            gap = "-" if progress.gap is None else f"{progress.gap:.1%}"
            bound = "-" if progress.bound is None else f"{progress.bound:.0f}"
            line = (
                f"  {progress.seconds:5.1f} s  cost {progress.objective:.0f}  bound {bound}  gap {gap}"
                f"  unmet {progress.unmet_minutes} min"
            )
        print(f"\r{line:<78}", end="" if job.finished_at is None else "\n", file=sys.stderr, flush=True)


def _print_summary(console: Console, report: dict[str, Any], timetable: Timetable) -> None:
    gap = "unknown" if report["gap"] is None else f"{report['gap']:.1%}"
    console.print(
        f"[bold]{report['fully_served']} of {report['patients']} people fully served[/], "
        f"{report['delivered_minutes']} of {report['required_minutes']} required minutes, {report['groups']} groups, "
        f"{report['sessions']} sessions; cost {report['objective']:.0f}, gap {gap}; "
        f"version {report['version']}, checked: {timetable.checker.ok}"
    )
    for (service, sentence), minutes in _unmet_by_reason(timetable).items():
        console.print(f"  [dim]{len(minutes)} x {service}, {sum(minutes)} min missing: {sentence}[/]")
    console.print(f"API documentation: {report['documentation']}")
    login = report["login"]
    console.print(f"Login: {login['email']} / {login['password']} at POST {report['gateway']}/v1/login_sessions")
    console.print("[dim]All people are synthetic; generated clock times are modelled, not measured.[/]")


def _unmet_by_reason(timetable: Timetable) -> dict[tuple[str, str], list[int]]:
    gathered: dict[tuple[str, str], list[int]] = {}
    for unmet in timetable.unmet:
        sentence = unmet.reasons[0].sentence if unmet.reasons else "no reason was found"
        gathered.setdefault((unmet.service.value, sentence), []).append(unmet.minutes)
    return gathered
