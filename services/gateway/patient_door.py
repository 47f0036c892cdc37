"""What the gateway asks records in a person's own name before it puts a patient into an application's hands."""

from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import quote
from uuid import UUID

import orjson

from services.chassis.errors import UpstreamUnavailableError
from services.chassis.http import HttpClient
from services.contracts.identifiers import EncounterId, PatientId
from services.contracts.identity import Microservice, Principal, Role
from services.gateway.accounts.rules import NOT_STAFF
from services.gateway.issuing import TokenIssuer

_PAGE: Final = 200
_OWN: Final = "/v1/me/record?information=demographics"
_MAY_NOT: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
# A page token comes back from the browser, where anything can be written into it.
_NO_SUCH_PAGE: Final = HTTPStatus.UNPROCESSABLE_ENTITY


class Choice(NamedTuple):
    """A patient whom a person may choose; the name is shown to that person and kept nowhere."""

    id: PatientId
    name: str


class Choices(NamedTuple):
    """Some of the patients whom a person may choose, by name."""

    patients: list[Choice]
    next_page: str | None
    """Where there are more; they come in the order in which they were admitted."""


class PatientDoor:
    """Asks as the person, so that records decides and its audit trail shows who looked.

    Staff asks for those whom they treat, and a patient for the own record, which an account is linked to. Who is close
    to a patient is not told whose id that is, so there is nobody for them to choose.
    """

    def __init__(self, http: HttpClient, records_url: str, issuer: TokenIssuer) -> None:
        self._http = http
        self._url = records_url.rstrip("/")
        self._issuer = issuer

    async def may_see(self, person: Principal, patient_id: PatientId) -> bool:
        """Say whether a person may see a patient now; raises UpstreamUnavailableError where records does not say."""
        own = await self._own(person)
        if own is not None and own.id == patient_id:
            return True
        return _is_staff(person) and await self._ask(person, f"/v1/patients/{patient_id}") is not None

    async def patient_of(self, person: Principal, encounter_id: EncounterId) -> PatientId | None:
        """Return whose encounter it is, or None where the person may not see it; raises as `may_see` does."""
        found = await self._ask(person, f"/v1/encounters/{encounter_id}")
        return None if found is None else PatientId(UUID(found["patient_id"]))

    async def choices(self, person: Principal, page: str | None = None) -> Choices:
        """Return the patients whom a person may see, a page at a time; raises as `may_see` does.

        Each that is shown is one that records opens and that its trail names: no more are asked for than are looked at.
        """
        own = await self._own(person) if page is None else None
        found = {} if own is None else {own.id: own}
        treated = await self._treated(person, page) if _is_staff(person) else Choices([], None)
        found |= {one.id: one for one in treated.patients}
        return Choices(sorted(found.values(), key=lambda one: (one.name.casefold(), one.id)), treated.next_page)

    async def _own(self, person: Principal) -> Choice | None:
        if Role.PATIENT not in person.roles:
            return None
        found = await self._ask(person, _OWN)
        if found is None:
            return None
        shown = found["demographics"]
        return Choice(PatientId(UUID(found["patient_id"])), "yourself" if shown is None else _name(shown))

    async def _treated(self, person: Principal, page: str | None) -> Choices:
        where = "" if page is None else f"&page_token={quote(page, safe='')}"
        found = await self._ask(person, f"/v1/patients?page_size={_PAGE}{where}")
        if found is None:
            return Choices([], None)
        items = [Choice(PatientId(UUID(one["id"])), _name(one)) for one in found["items"]]
        return Choices(items, found["next_page_token"])

    async def _ask(self, person: Principal, path: str) -> Any:
        token = self._issuer.internal_token(person, Microservice.RECORDS)
        headers = {"authorization": f"Bearer {token}"}
        answer = await self._http.request(Microservice.RECORDS.value, "GET", self._url + path, headers=headers)
        if answer.status in _MAY_NOT or answer.status == _NO_SUCH_PAGE:
            return None
        if answer.status != HTTPStatus.OK:
            raise UpstreamUnavailableError(Microservice.RECORDS.value)
        return orjson.loads(answer.body)


def _is_staff(person: Principal) -> bool:
    return not person.roles <= NOT_STAFF


def _name(patient: dict[str, Any]) -> str:
    return f"{patient['family_name']}, {patient['given_name']}"
