"""Sending requests with planted words, and provoking refusals of each: no error may repeat what it refuses."""

import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.chassis.root_keys import read_root_key
from services.clients.attendance import AttendanceClient
from services.contracts.identifiers import (
    AccountId,
    AppointmentId,
    AttendanceId,
    OrganizationId,
    PatientId,
    SiteId,
)
from services.contracts.identity import Role
from services.contracts.records.encounters import AttendanceEvent
from services.contracts.scheduler.attendance import AttendanceStatus
from services.contracts.vocabulary import Modality, ServiceKind
from services.operator.drill.canaries.searching import Found, Pattern
from services.operator.drill.canaries.words import Canaries, Column
from services.operator.errors import OperatorError
from services.operator.postgres.credentials import SERVICES
from services.operator.stack import Addresses
from services.operator.state import StateFolder
from services.operator.token_command import mint

_REFUSED: Final = 400
_TOO_MANY: Final = 300
"""Times a word, which no text may be as long as."""
_ANSWERED: Final = tuple(Column(service, "idempotency_keys", "body") for service in ("records", "scheduler"))


class PlantingError(OperatorError):
    """A request of the drill was refused, so its column holds nothing that could be looked for."""


class Answer:
    """An answer that was not a refusal."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Sender:
    """Calls the gateway as a director of one organization, and sends what must be refused beside it."""

    canaries: Canaries
    organization_id: UUID = field(default_factory=uuid4)
    account_id: UUID = field(default_factory=uuid4)
    refusals: int = 0
    measures: int = 0
    """Lines that the processes told monitoring."""
    echoed: set[Found] = field(default_factory=set)
    _http: HttpClient = field(init=False)
    _gateway: str = ""
    _director: Callable[[], str] = field(init=False)
    _stranger: str = ""
    _scheduling: AttendanceClient = field(init=False)

    @asynccontextmanager
    async def calling(self, addresses: Addresses) -> AsyncIterator[None]:
        """Call a stack by its own clock, for the length of a block."""

        def token(roles: set[Role], organization: UUID, account: UUID) -> str:
            return mint(
                addresses.secrets,
                frozenset(roles),
                user=account,
                organization=organization,
                offset=addresses.ahead,
                is_proved=True,
            )

        self._gateway = addresses.gateway
        directs = {Role.PROGRAMME_DIRECTOR, Role.ORGANIZATION_ADMIN}
        # For each request, for what asks for a second factor asks for a young one.
        self._director = lambda: token(directs, self.organization_id, self.account_id)
        self._stranger = token({Role.COUNSELLOR}, uuid4(), uuid4())
        self._http = HttpClient(timeout_seconds=60)
        root_key = read_root_key(StateFolder(addresses.secrets.parent).root_key)
        self._scheduling = AttendanceClient(self._http, addresses.records, root_key, Clock(addresses.ahead))
        try:
            yield
        finally:
            await self._http.close()

    async def get(self, path: str) -> Any:
        """Read something, also as somebody who may not, with a word where a query and a path may hold one."""
        answer = await self._send("GET", path, None, {})
        word = self.canaries.word()
        await self._refused("GET", f"{path}?page_token={word}&{word}={word}", None, {})
        await self._refused("GET", f"{path}/{word}", None, {})
        return self._taken("GET", path, answer).json()

    async def read_measures(self, addresses: Addresses) -> None:
        """Look for words in what each process of a stack tells monitoring."""
        operator = mint(addresses.secrets, frozenset({Role.PLATFORM_OPERATOR}), offset=addresses.ahead)
        headers = {"authorization": f"Bearer {operator}"}
        for service in SERVICES:
            url = f"{getattr(addresses, service)}/metrics"
            told = await self._http.request(service, "GET", url, headers=headers)
            body = self._taken("GET", url, Answer(told.status, told.body)).body
            self.measures += body.count(b"\n")
            self._look_in(body, f"the measures of {service}")

    async def attended(self, patient_id: str, site_id: str, end: datetime) -> str:
        """Tell, as the scheduler does, that a patient attended three hours until then; returns the encounter's id."""
        event = AttendanceEvent(
            id=AttendanceId(uuid4()),
            appointment_id=AppointmentId(uuid4()),
            patient_id=PatientId(UUID(patient_id)),
            site_id=SiteId(UUID(site_id)),
            zone="UTC",
            week=end.date() - timedelta(days=end.weekday()),
            service=ServiceKind.PROCESS_GROUP,
            modality=Modality.ON_SITE,
            start=end - timedelta(hours=3),
            end=end,
            revision=1,
            status=AttendanceStatus.FULFILLED,
            excused=None,
            minutes_late=0,
            minutes_left_early=0,
            recorded_by=AccountId(self.account_id),
            recorded_at=end,
        )
        await self._scheduling.receive_attendance(OrganizationId(self.organization_id), event)
        found = (await self.get(f"/v1/patients/{patient_id}/encounters"))["items"]
        encounter_id: str = next(one["id"] for one in found if one["appointment_id"] == str(event.appointment_id))
        return encounter_id

    async def post(self, path: str, body: Any, *, version: int | None = None) -> Any:
        """Create something, or act on it."""
        return await self._write("POST", path, body, version)

    async def put(self, path: str, body: Any) -> Any:
        """Set something for the first time."""
        return await self._write("PUT", path, body, None)

    async def _write(self, method: str, path: str, body: Any, version: int | None) -> Any:
        headers = {"idempotency-key": self.canaries.word(*_ANSWERED)}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        if isinstance(body, Mapping):
            await self._provoke(method, path, body, headers)
        return self._taken(method, path, await self._send(method, path, body, headers)).json()

    async def _provoke(self, method: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        word = self.canaries.word()
        keyless = {name: value for name, value in headers.items() if name != "idempotency-key"}
        # The name of a member is a developer's, and an error tells it; its value is what a person said.
        await self._refused(method, path, {**body, "canary": word}, keyless)
        for name in body:
            await self._refused(method, path, {**body, name: {"canary": [word]}}, keyless)
            await self._refused(method, path, {**body, name: word * _TOO_MANY}, keyless)
        await self._refused(method, path, f"{word} is no JSON", keyless)
        await self._refused(method, path, body, keyless, token=self._stranger)
        await self._refused(method, path, body, keyless, token=self.canaries.word())
        await self._refused(method, f"{path}/{word}", body, keyless)
        await self._refused(method, path, body, {**keyless, "idempotency-key": word * 20})
        if "if-match" in headers:
            await self._refused(method, path, body, {**keyless, "if-match": word})

    async def _refused(
        self, method: str, path: str, body: Any, headers: Mapping[str, str], *, token: str | None = None
    ) -> None:
        answer = await self._send(method, path, body, headers, token=token)
        if answer.status >= _REFUSED:
            self.refusals += 1
            self._look_in(answer.body, f"a refusal of {method} ({answer.status})")

    def _look_in(self, content: bytes, where: str) -> None:
        self.echoed |= {Found(word, where) for word in Pattern(self.canaries.words).search(content)}

    def _taken(self, method: str, path: str, answer: Answer) -> Answer:
        if answer.status >= _REFUSED:
            raise PlantingError(f"{method} {path} was refused: {answer.status} {answer.body.decode(errors='replace')}")
        return answer

    async def _send(
        self, method: str, path: str, body: Any, headers: Mapping[str, str], *, token: str | None = None
    ) -> Answer:
        sent = {**headers, "authorization": f"Bearer {token or self._director()}", "x-request-id": secrets.token_hex(8)}
        content = None
        if body is not None:
            sent["content-type"] = "application/json"
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        answer = await self._http.request("gateway", method, self._gateway + path, headers=sent, body=content)
        return Answer(answer.status, answer.body)
