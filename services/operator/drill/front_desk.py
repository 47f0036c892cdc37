"""The scheduler's own application, called in this process for one member of the front desk."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from uuid import uuid4

import orjson
from fastapi import FastAPI
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.http import HttpClient
from services.chassis.wiring import Process
from services.clients.gateway import GatewayClient
from services.clients.records import RecordsClient
from services.contracts.identifiers import AccountId, OrganizationId, PatientId
from services.contracts.identity import Principal, Role
from services.contracts.problems import ProblemDetails
from services.contracts.records.treatment_plans import PatientSeating
from services.operator.drill.contests import Call
from services.scheduler.main import build

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
    def is_success(self) -> bool:
        """Whether it was done."""
        return self.status < HTTPStatus.MULTIPLE_CHOICES


class _OneFrontDesk:
    """Takes every token for the same person's: tokens have a drill of their own."""

    def __init__(self, organization_id: OrganizationId) -> None:
        self._principal = Principal(
            account_id=AccountId(uuid4()),
            organization_id=organization_id,
            roles=frozenset({Role.FRONT_DESK}),
            acting_service=None,
            token_id="drill",  # noqa: S106 - it names a token and opens nothing
        )

    async def authenticate(self, _token: str) -> Principal:
        return self._principal


class _KnowsEverybody(RecordsClient):
    """Records as the races need it: every contender is a patient who is kept apart from nobody."""

    @override
    async def patient_seating(self, caller_token: str, patient_id: PatientId) -> PatientSeating:
        return PatientSeating(patient_id=patient_id, travel_minutes=0, no_contact=[], plan=None)


class FrontDesk:
    """Sends calls through the routes, and counts the refusals by problem."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.refusals: Counter[str] = Counter()
        self.failures = 0

    async def ask(self, call: Call) -> Answer:
        """Send one call and wait for its answer."""
        path = f"/v1/appointments/{call.appointment_id}:{call.verb}"
        body = orjson.dumps({"patient_id": call.patient_id, **_MEMBERS[call.verb]})
        answer = await _post(self._app, path, body)
        if not answer.is_success:
            self.refusals[answer.problem] += 1
        self.failures += answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return answer

    async def ask_all(self, *calls: Call) -> list[Answer]:
        """Send calls at once and wait for every answer."""
        return await asyncio.gather(*(self.ask(call) for call in calls))


@asynccontextmanager
async def front_desk(app_url: str, organization_id: OrganizationId, *, connections: int) -> AsyncIterator[FrontDesk]:
    """Open the scheduler on a database; `connections` requests at once find one free."""
    app = build(_never_started)
    http = HttpClient()
    database = OpenDatabase(app_url, pool_size=connections)
    app.state.process = Process(Clock(), await database.open(), _OneFrontDesk(organization_id))
    app.state.records = _KnowsEverybody(http, "", GatewayClient(http, ""))
    try:
        yield FrontDesk(app)
    finally:
        await database.close()


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
    return Answer(status, problem.type.rpartition(":")[2])
