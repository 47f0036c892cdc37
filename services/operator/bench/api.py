"""`bench api`: what the hot reads cost the services, beside raw asyncpg doing the same statements.

A clinic is founded and its week published; then each service that owns a read is run in a process of its own before the
same databases, and asked as in `api_process`.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.contracts.identity import Microservice, Role
from services.contracts.scheduler.solves import SolveRequest
from services.operator.bench.charted import chart
from services.operator.bench.timing import machine
from services.operator.demo import story
from services.operator.demo.calendars import next_monday, people
from services.operator.errors import OperatorError
from services.operator.stack import Addresses, running_stack
from services.operator.state import PROJECT, StateFolder
from services.operator.token_command import mint

_FRIDAY_BEFORE: Final = timedelta(days=3)
_ZONE: Final = "America/New_York"
_SETTINGS: Final = ("EVENTIDE_", "PATH=", "HOME=", "LANG=", "LC_ALL=", "TMPDIR=", "SSL_CERT_")

Routes = Mapping[Microservice, Mapping[str, str]]


class BenchFailedError(OperatorError):
    """What was to be measured does not run."""


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return for each read what it costs its service, and the ratio to the driver alone."""
    week = next_monday(Clock().now().date())
    friday = datetime.combine(week - _FRIDAY_BEFORE, time(9), UTC)
    with running_stack(clock=friday) as addresses:
        organization_id, account_id = uuid4(), uuid4()
        found = asyncio.run(_found(addresses, arguments, (organization_id, account_id), week))
        routes: dict[str, Any] = {}
        for service, asked in found.items():
            job = {
                "signing_keys": str(StateFolder(addresses.secrets.parent).signing_keys),
                "organization_id": str(organization_id),
                "account_id": str(account_id),
                "routes": asked,
                "rounds": arguments.rounds,
                "requests": arguments.requests,
            }
            measured = _in_a_process(service, addresses.pids[service], job)
            routes |= {name if name in asked else f"{service}_{name}": of for name, of in measured.items()}
    about = {"patients": arguments.patients, "rounds": arguments.rounds, "requests": arguments.requests}
    return {"routes": routes} | about | {"machine": machine()}


def table(figures: Mapping[str, Any]) -> str:
    """Word the figures for a person."""
    lines = [f"{'':<24}{'CPU us':>9}{'asyncpg us':>12}{'ratio':>8}{'statements':>12}"]
    for name, one in figures["routes"].items():
        raw, ratio = one["asyncpg_cpu_us"] or "", one["ratio_to_asyncpg"] or ""
        lines.append(f"{name:<24}{one['cpu_us']:>9}{raw:>12}{ratio:>8}{one['statements']:>12}")
    return "\n".join([*lines, figures["machine"]])


async def _found(addresses: Addresses, arguments: argparse.Namespace, who: tuple[UUID, UUID], week: date) -> Routes:
    organization_id, account_id = who

    def token() -> str:
        return mint(
            addresses.secrets,
            frozenset({Role.PROGRAMME_DIRECTOR}),
            user=account_id,
            organization=organization_id,
            offset=addresses.ahead,
            is_proved=True,
        )

    http = HttpClient(timeout_seconds=60)
    try:
        director = ApiClient(http, addresses.gateway, token())
        made = await story.build_clinic(director, arguments.patients)
        crowd = list(people(arguments.patients, week, None))
        admitted = await story.admit(director, made, crowd, week)
        request = SolveRequest(site_id=made.site_id, week=week, time_limit_seconds=5)
        await story.publish(director, await story.solve(director, request, lambda _: None))
        patient_id = admitted.patients[0]
        await chart(http, addresses.gateway, token(), patient_id, week - timedelta(days=30))
    finally:
        await http.close()
    patient, site = f"/v1/patients/{patient_id}", f"/v1/sites/{made.site_id}"
    return {
        Microservice.RECORDS: {
            "patient": patient,
            "patients": "/v1/patients?page_size=50",
            "treatment_plan": f"{patient}/treatment_plan",
            "chart": f"{patient}/chart?zone={_ZONE}",
        },
        Microservice.SCHEDULER: {
            "appointments": f"{site}/appointments?week={week}&page_size=50",
            "week_board": f"{site}/timetables/{week}",
        },
    }


def _in_a_process(service: Microservice, running: int, job: Mapping[str, Any]) -> dict[str, Any]:
    """Measure a service with the settings of the one that runs."""
    done = subprocess.run(
        [sys.executable, "-m", "services.operator.bench.api_process", service.value],
        cwd=PROJECT,
        env=_told(Path(f"/proc/{running}/environ").read_bytes()),
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchFailedError(f"{service.value} could not be measured:\n{_last(done.stderr.splitlines())}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _told(environment: bytes) -> dict[str, str]:
    variables = environment.decode().split("\0")
    return dict(one.split("=", 1) for one in variables if one.startswith(_SETTINGS))


def _last(lines: Sequence[str]) -> str:
    return "\n".join(lines[-12:])
