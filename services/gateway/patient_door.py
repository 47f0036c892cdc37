"""What the gateway asks records in a person's own name before it puts a patient into an application's hands."""

from http import HTTPStatus
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from services.chassis.errors import UpstreamUnavailableError
from services.chassis.http import HttpClient
from services.contracts.identifiers import EncounterId, PatientId
from services.contracts.identity import Microservice, Principal
from services.gateway.issuing import TokenIssuer

_MOST: Final = 200
_MAY_NOT: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class Choice(NamedTuple):
    """A patient whom a person may choose; the name is shown to that person and kept nowhere."""

    id: PatientId
    name: str


class PatientDoor:
    """Asks as the person, so that records decides and its audit trail shows who looked."""

    def __init__(self, http: HttpClient, records_url: str, issuer: TokenIssuer) -> None:
        self._http = http
        self._url = records_url.rstrip("/")
        self._issuer = issuer

    async def may_see(self, person: Principal, patient_id: PatientId) -> bool:
        """Say whether a person may see a patient now; raises UpstreamUnavailableError where records does not say."""
        return await self._ask(person, f"/v1/patients/{patient_id}") is not None

    async def patient_of(self, person: Principal, encounter_id: EncounterId) -> PatientId | None:
        """Return whose encounter it is, or None where the person may not see it; raises as `may_see` does."""
        found = await self._ask(person, f"/v1/encounters/{encounter_id}")
        return None if found is None else PatientId(UUID(found["patient_id"]))

    async def choices(self, person: Principal) -> list[Choice]:
        """Return the first patients whom a person may see; raises as `may_see` does."""
        found = await self._ask(person, f"/v1/patients?page_size={_MOST}")
        items = [] if found is None else found["items"]
        return [Choice(PatientId(UUID(one["id"])), f"{one['family_name']}, {one['given_name']}") for one in items]

    async def _ask(self, person: Principal, path: str) -> Any:
        token = self._issuer.internal_token(person, Microservice.RECORDS)
        headers = {"authorization": f"Bearer {token}"}
        answer = await self._http.request(Microservice.RECORDS.value, "GET", self._url + path, headers=headers)
        if answer.status in _MAY_NOT:
            return None
        if answer.status != HTTPStatus.OK:
            raise UpstreamUnavailableError(Microservice.RECORDS.value)
        return orjson.loads(answer.body)
