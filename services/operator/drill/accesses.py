"""`eventide drill accesses`: requests by chance, many at once: the trail must tell of each once, and of nothing else.

Every request comes with a token of its own, and an event names the token: so each is found again. Who is refused by
role reaches no record, and leaves nothing there.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from time import perf_counter
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvloop
from fastapi import FastAPI

from services.chassis.audit.chain import Link, audit_key, verify
from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.migrations import upgrade
from services.chassis.root_keys import RootKeys
from services.chassis.telemetry import configure_logging
from services.chassis.wiring import Process
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Principal, Role
from services.operator.asgi import Application, Told, ask
from services.operator.audit.reading import links_of
from services.operator.errors import OperatorError
from services.operator.postgres.credentials import generate_credentials
from services.operator.postgres.ephemeral import ephemeral_cluster
from services.operator.postgres.provision import DatabaseUrls, provision
from services.records.main import build

_SERVICE: Final = "records"
_AT_ONCE: Final = 12
_BATCH: Final = 1000
_PATIENTS: Final = 12
_EXAMPLES: Final = 20
_ROOT_KEY: Final = bytes(range(32))
_CUT_SHORT: Final = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
_ROLES: Final = (
    Role.FRONT_DESK, Role.COUNSELLOR, Role.SUPERVISOR, Role.PRESCRIBER, Role.NURSE, Role.LAB, Role.BILLING,
    Role.PROGRAMME_DIRECTOR, Role.AUDITOR, Role.PATIENT,
)  # fmt: skip
_STRANGERS: Final = 8
"""One in so many calls for another organization."""


class Route(NamedTuple):
    """One operation on a patient."""

    operation: str
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    may_be_absent: bool = False
    """Whether somebody who may see it of a person can be told that there is none."""


ROUTES: Final = (
    Route("read_patient", "GET", ""),
    Route("read_patient_chart", "GET", "/chart?zone=UTC"),
    Route("read_treatment_plan", "GET", "/treatment_plan", may_be_absent=True),
    Route("list_care_team_members", "GET", "/care_team_members"),
    Route("list_consents", "GET", "/consents"),
    Route("list_restrictions", "GET", "/restrictions"),
    Route("list_representatives", "GET", "/representatives"),
    Route("list_related_persons", "GET", "/related_persons"),
    Route("list_patient_disclosures", "GET", "/disclosures"),
    Route("list_episodes", "GET", "/episodes"),
    Route("list_notes", "GET", "/notes"),
    Route("list_assessments", "GET", "/assessments"),
    Route("list_medications", "GET", "/medications"),
    Route("list_drug_tests", "GET", "/drug_tests"),
    Route("list_aftercare_plans", "GET", "/aftercare_plans?zone=UTC"),
    Route("list_encounters", "GET", "/encounters"),
    Route("create_consent", "POST", "/consents", {"kind": "general"}),
)
_ADMISSION: Final = Route("create_patient", "POST", "")
_JOINING: Final = Route("create_care_team_member", "POST", "/care_team_members")
_PLANNING: Final = Route("put_treatment_plan", "PUT", "/treatment_plan")


class ClinicNotMadeError(OperatorError):
    """Nobody could be admitted, so there is nothing to look at."""


class Access(NamedTuple):
    """What one request asked for, of whom, and how it was answered."""

    operation: str
    patient_id: str
    status: int
    may_be_absent: bool = False


@dataclass(slots=True)
class Verdict:
    """What the trail says of the accesses."""

    events: int = 0
    permitted: int = 0
    denied: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def found(self, fault: str, what: object) -> None:
        """Count a fault."""
        self.faults[fault] += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{fault}: {what}")


def judge(asked: Mapping[str, Access], events: Iterable[Mapping[str, Any]]) -> Verdict:
    """Compare the accesses, by the token that each came with, with what the trail tells; pure."""
    verdict, told = Verdict(), defaultdict[str, list[Mapping[str, Any]]](list)
    for event in events:
        verdict.events += 1
        told[event["token"]].append(event)
    for token, access in asked.items():
        fault = _fault(verdict, access, told.pop(token, []))
        if fault is not None:
            verdict.found(fault, access)
    for of_nobody in told.values():
        verdict.found("of_nobody", of_nobody[0]["operation"])
    return verdict


def _fault(verdict: Verdict, access: Access, events: list[Mapping[str, Any]]) -> str | None:
    if access.status in _CUT_SHORT:
        # Whoever was cut short is not told whether it was done.
        return "repeated" if len(events) > 1 else None
    if access.status == HTTPStatus.FORBIDDEN:
        return "told_without_access" if events else None
    is_permitted = access.status in {HTTPStatus.OK, HTTPStatus.CREATED}
    if not is_permitted and access.status != HTTPStatus.NOT_FOUND:
        return f"status_{access.status}"
    verdict.permitted += is_permitted
    verdict.denied += not is_permitted
    if len(events) != 1:
        return "repeated" if events else "missing"
    outcome = "permitted" if is_permitted else "denied"
    told = events[0]["operation"], events[0]["subjects"]
    is_named = told == (access.operation, [access.patient_id])
    is_outcome = events[0]["outcome"] == outcome or (access.may_be_absent and not is_permitted)
    return None if is_named and is_outcome else "misnamed"


class _Callers:
    """Takes each token for the caller it was made for; what makes a token good has a drill of its own."""

    def __init__(self) -> None:
        self._principals: dict[str, Principal] = {}

    def add(self, role: Role, account: UUID, organization: UUID) -> str:
        token = str(uuid4())
        self._principals[token] = Principal(
            account_id=AccountId(account),
            organization_id=OrganizationId(organization),
            roles=frozenset({role}),
            acting_service=None,
            token_id=token,
            delegation=None,
            sign_in=None,
            proof_key=None,
        )
        return token

    async def authenticate(self, token: str) -> Principal:
        return self._principals.pop(token)


class _Clinic:
    """Two organizations, one of which has patients, and all that was asked there."""

    def __init__(self, app: Application, callers: _Callers, random: Random) -> None:
        self._app = app
        self._callers = callers
        self._random = random
        self.organizations = uuid4(), uuid4()
        self.treating = uuid4()
        self.patients: list[str] = []
        self.asked: dict[str, Access] = {}

    async def found(self) -> None:
        """Admit the patients; every second one is treated by the same account, and every third has a plan."""
        for number in range(_PATIENTS):
            person = {"given_name": "Test", "family_name": "Patient", "birth_date": "1990-02-28", "site_id": uuid4()}
            made = await self._as_director(_ADMISSION, "", person)
            self.patients.append(orjson.loads(made.body)["id"])
            if number % 2:
                await self._as_director(_JOINING, self.patients[-1], {"account_id": self.treating})
            if number % 3:
                await self._as_director(_PLANNING, self.patients[-1], _PLAN)

    async def ask_anything(self) -> None:
        """Ask for something of somebody, as somebody."""
        random = self._random
        route, role = random.choice(ROUTES), random.choice(_ROLES)
        patient_id = random.choice([*self.patients, str(uuid4())])
        account = random.choice((self.treating, uuid4()))
        organization = self.organizations[random.randrange(_STRANGERS) == 0]
        await self._send(route, patient_id, self._callers.add(role, account, organization), route.body)

    async def _as_director(self, route: Route, patient_id: str, body: Mapping[str, Any]) -> Told:
        token = self._callers.add(Role.PROGRAMME_DIRECTOR, uuid4(), self.organizations[0])
        told = await self._send(route, patient_id, token, body)
        if told.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
            raise ClinicNotMadeError(f"{route.operation}: {told.body.decode(errors='replace')}")
        return told

    async def _send(self, route: Route, patient_id: str, token: str, body: Mapping[str, Any] | None) -> Told:
        path = f"/v1/patients/{patient_id}{route.path}" if patient_id else "/v1/patients"
        written = b"" if body is None else orjson.dumps(body)
        told = await ask(self._app, route.method, path, token, written)
        whom = patient_id or orjson.loads(told.body).get("id", "")
        self.asked[token] = Access(route.operation, whom, told.status, route.may_be_absent)
        return told


_PLAN: Final = {
    "effective_from": "2026-10-05",
    "required_services": [{"service": "process_group", "minutes_per_week": 540}],
    "languages": ["en"],
    "modalities": ["on_site"],
    "track": "drill",
}


def run(arguments: argparse.Namespace) -> int:
    """Ask records on a PostgreSQL of its own; the status is 1 where the trail and the accesses differ."""
    configure_logging("drill", "ERROR")
    with ephemeral_cluster() as cluster:
        credentials = {_SERVICE: generate_credentials()[_SERVICE]}
        urls = asyncio.run(provision(cluster.admin_dsn, credentials, address=cluster.address))
        upgrade(_SERVICE, urls[_SERVICE].owner)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            report = runner.run(accesses(urls[_SERVICE], arguments.n, arguments.seed))
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:<14} {of}" for name, of in report.items()))
    return 1 if report["wrong"] else 0


async def accesses(urls: DatabaseUrls, count: int, seed: int) -> dict[str, Any]:
    """Send so many requests to a migrated records database, then compare them with the trail, and count."""
    started, places = perf_counter(), asyncio.Semaphore(_AT_ONCE)

    async def one(clinic: _Clinic) -> None:
        async with places:
            await clinic.ask_anything()

    async with _clinic(urls.app, Random(seed)) as clinic:  # noqa: S311 - it only chooses what to ask for
        await clinic.found()
        for first in range(0, count, _BATCH):
            await asyncio.gather(*(one(clinic) for _ in range(min(_BATCH, count - first))))
            print(f"{min(first + _BATCH, count)} of {count} requests", file=sys.stderr, flush=True)
    links = {one: await _links(urls.owner, one) for one in clinic.organizations}
    verdict = judge(clinic.asked, (orjson.loads(link.event) for trail in links.values() for link in trail))
    broken = sum(len(verify(audit_key(_ROOT_KEY), one, trail).findings) for one, trail in links.items())
    return {
        "requests": len(clinic.asked),
        "events": verdict.events,
        "permitted": verdict.permitted,
        "denied": verdict.denied,
        "refused_by_role": sum(access.status == HTTPStatus.FORBIDDEN for access in clinic.asked.values()),
        "operations": len({access.operation for access in clinic.asked.values()}),
        "wrong": verdict.faults.total() + broken,
        "faults": dict(verdict.faults),
        "broken_links": broken,
        "examples": verdict.examples,
        "seconds": round(perf_counter() - started, 2),
    }


@asynccontextmanager
async def _clinic(app_url: str, random: Random) -> AsyncIterator[_Clinic]:
    app, callers = build(_never_started), _Callers()
    opened = OpenDatabase(app_url, pool_size=_AT_ONCE)
    app.state.process = Process(Clock(), await opened.open(), callers)
    app.state.root_keys = RootKeys.of(_ROOT_KEY)
    try:
        yield _Clinic(app, callers, random)
    finally:
        await opened.close()


@asynccontextmanager
async def _never_started(_app: FastAPI) -> AsyncIterator[None]:
    yield


async def _links(owner_url: str, organization_id: UUID) -> list[Link]:
    connection = await asyncpg.connect(owner_url)
    try:
        return [link async for link in links_of(connection, organization_id)]
    finally:
        await connection.close()
