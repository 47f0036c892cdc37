"""What may be done with patients."""

import secrets
from datetime import UTC, date

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.patients import Patient, PatientPresence, PatientRequest
from services.records.patients.rules import OLDEST_YEARS, age_on, is_plausible_birth_date
from services.records.patients.storage import PatientQueries, PatientRows

_FIRST_VERSION = 1


class PatientCommands:
    """Changes to patients, within one unit of work."""

    def __init__(self, rows: PatientRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    async def create(self, request: PatientRequest) -> Patient:
        """Admit a patient.

        Raises:
            InvalidRequestError: No living person was born on that day.
        """
        now = self._clock.now()
        if not is_plausible_birth_date(request.birth_date, now.astimezone(UTC).date()):
            raise InvalidRequestError(
                "/birth_date", f"must not lie in the future, nor more than {OLDEST_YEARS} years ago"
            )
        patient = Patient(
            id=PatientId(new_id(now, secrets.token_bytes(10))),
            given_name=request.given_name,
            family_name=request.family_name,
            birth_date=request.birth_date,
            site_id=request.site_id,
            version=_FIRST_VERSION,
            created_at=now,
        )
        await self._rows.add(patient)
        return patient

    async def lock_age(self, patient_id: PatientId, day: date) -> int:
        """Return a patient's age in completed years on a day; other writers of this patient wait from now on.

        Raises:
            NotFoundError: There is no such patient here.
        """
        patient = await self._rows.lock(patient_id)
        if patient is None:
            raise NotFoundError
        return age_on(patient.birth_date, day)

    async def known(self, patient_ids: list[PatientId]) -> set[PatientId]:
        """Return which of these are patients here."""
        return await self._rows.known(patient_ids)


class PatientReads:
    """What can be read of patients."""

    def __init__(self, queries: PatientQueries) -> None:
        self._queries = queries

    async def one(self, patient_id: PatientId) -> Patient:
        """Return a patient.

        Raises:
            NotFoundError: There is no such patient here.
        """
        patient = await self._queries.one(patient_id)
        if patient is None:
            raise NotFoundError
        return patient

    async def page(self, requested: PageRequest) -> Page[Patient]:
        """Return a page of the patients, oldest entry first."""
        return requested.page(await self._queries.some(requested))

    async def presence(self, patient_id: PatientId) -> PatientPresence:
        """Return where a patient is treated, and nothing else.

        Raises:
            NotFoundError: There is no such patient here.
        """
        presence = await self._queries.presence(patient_id)
        if presence is None:
            raise NotFoundError
        return presence

    async def at_site(self, site_id: SiteId) -> list[PatientId]:
        """Return who is treated at a site."""
        return await self._queries.at_site(site_id)
