"""The scheduler's own code, called in this process for one member of the front desk."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from uuid import uuid4

import asyncpg
import orjson
from fastapi import FastAPI
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.chassis.errors import ServiceError
from services.chassis.http import HttpClient
from services.chassis.problems import STATUSES
from services.chassis.wiring import Process
from services.clients.gateway import GatewayClient
from services.clients.records import RecordsClient
from services.contracts.identifiers import AccountId, OrganizationId, PatientId, PractitionerId, RoomId, SiteId
from services.contracts.identity import Principal, Role
from services.contracts.problems import ProblemDetails, ProblemType
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.timetables import Session
from services.contracts.vocabulary import Modality, ServiceKind
from services.operator.drill.contests import Call
from services.scheduler.appointments.logic import AppointmentsLogic
from services.scheduler.main import build

CONTENTION: Final = "contention"
"""What a conflict without a code is called here: the database let one of two writes go."""
_CUT_SHORT: Final = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
_PASSING: Final = (
    TimeoutError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
)
_MEMBERS: Final[dict[str, dict[str, Any]]] = {
    "book": {},
    "hold": {"minutes": 15},
    "release": {"reason": "patient_request"},
}


class Answer(NamedTuple):
    """What came of a call: the status, and the problem's name where it was refused."""

    status: int
    problem: str

    @property
    def is_cut_short(self) -> bool:
        """Whether nothing was decided: the machine was too slow, and the caller was told to try again."""
        return self.problem == CONTENTION or self.status in _CUT_SHORT

    @property
    def is_success(self) -> bool:
        """Whether it was done."""
        return self.status < HTTPStatus.MULTIPLE_CHOICES


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when all races are held: one organization, one site, one hour and a half."""

    organization_id: OrganizationId
    site_id: SiteId
    week: date
    start: datetime
    end: datetime


class _OneFrontDesk:
    """Takes every token for the same person's: tokens have a drill of their own."""

    def __init__(self, organization_id: OrganizationId) -> None:
        self._principal = Principal(
            account_id=AccountId(uuid4()),
            organization_id=organization_id,
            roles=frozenset({Role.FRONT_DESK}),
            acting_service=None,
            token_id="drill",  # noqa: S106 - it names a token and opens nothing
            delegation=None,
            sign_in=None,
            proof_key=None,
        )

    async def authenticate(self, _token: str) -> Principal:
        return self._principal


class _KnowsEverybody(RecordsClient):
    """Records as the races need it: every contender is a patient who is kept apart from nobody."""

    @override
    async def patient_seating(self, caller_token: str, patient_id: PatientId) -> PatientSeating:
        return plain_seating(patient_id)


def plain_seating(patient_id: PatientId) -> PatientSeating:
    """Return what records says of somebody whom nothing keeps from any seat."""
    return PatientSeating(patient_id=patient_id, travel_minutes=0, no_contact=[], plan=None, left_on=None)


class FrontDesk:
    """Sends calls through the routes, or where there is none, through the logic in a transaction of its own."""

    def __init__(self, app: FastAPI, database: Database, place: Place) -> None:
        self._app = app
        self._database = database
        self._place = place

    async def ask_all(self, race: int, calls: Sequence[Call]) -> list[Answer]:
        """Send the calls of a race at once and wait for every answer."""
        return await asyncio.gather(*(self._ask(race, call) for call in calls))

    async def _ask(self, race: int, call: Call) -> Answer:
        if call.verb.startswith("meet"):
            return await self._meet(race, call)
        if call.verb == "accept":
            return await _post(self._app, f"/v1/offers/{call.target}:accept", b"")
        path = f"/v1/appointments/{call.target}:{call.verb}"
        return await _post(self._app, path, orjson.dumps({"patient_id": call.patient_id, **_MEMBERS[call.verb]}))

    async def _meet(self, race: int, call: Call) -> Answer:
        is_here, is_with = call.verb == "meet_in", call.verb == "meet_with"
        session = Session(
            service=ServiceKind.INDIVIDUAL,
            modality=Modality.ON_SITE if is_here else Modality.TELEHEALTH,
            start=self._place.start,
            end=self._place.end,
            room_id=RoomId(call.target) if is_here else None,
            practitioner_id=PractitionerId(call.target) if is_with else None,
            co_facilitator_id=None,
            track=str(race),
            language=None,
            capacity=1,
            patient_ids=[PatientId(call.patient_id)],
        )
        try:
            async with self._database.command(self._place.organization_id) as db:
                logic = AppointmentsLogic(db, self._place.organization_id, Clock())
                await logic.add(self._place.site_id, self._place.week, 1, [session])
        except ServiceError as refusal:
            return Answer(STATUSES[refusal.problem], refusal.problem.value)
        except Exception as failure:  # noqa: BLE001 - whatever else it is, the drill counts it as a failure
            if _is_passing(failure):
                return Answer(HTTPStatus.CONFLICT, CONTENTION)
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, type(failure).__name__)
        return Answer(HTTPStatus.CREATED, "")


def _is_passing(failure: BaseException) -> bool:
    """Whether it is what the edge calls a contention or a deadline, however the layers between have wrapped it."""
    cause: BaseException | None = failure
    while cause is not None and not isinstance(cause, _PASSING):
        cause = cause.__cause__
    return cause is not None


@asynccontextmanager
async def front_desk(app_url: str, place: Place, *, connections: int) -> AsyncIterator[FrontDesk]:
    """Open the scheduler on a database; `connections` requests at once find one free."""
    app = build(_never_started)
    http = HttpClient()
    opened = OpenDatabase(app_url, pool_size=connections)
    database = await opened.open()
    app.state.process = Process(Clock(), database, _OneFrontDesk(place.organization_id))
    app.state.records = _KnowsEverybody(http, "", GatewayClient(http, ""))
    try:
        yield FrontDesk(app, database, place)
    finally:
        await opened.close()


@asynccontextmanager
async def _never_started(_app: FastAPI) -> AsyncIterator[None]:
    yield


async def _post(app: FastAPI, path: str, body: bytes) -> Answer:
    """Call an ASGI application with one JSON body."""
    answered: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        answered.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json"), (b"authorization", b"Bearer drill")],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
    await app(scope, receive, send)
    status: int = answered[0]["status"]
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return Answer(status, "")
    problem = ProblemDetails.model_validate_json(b"".join(message.get("body", b"") for message in answered[1:]))
    if status == HTTPStatus.CONFLICT and problem.type == ProblemType.CONFLICT.urn and not problem.code:
        return Answer(status, CONTENTION)
    return Answer(status, problem.type.rpartition(":")[2])
