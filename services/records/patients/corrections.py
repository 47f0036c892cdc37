"""Corrections of who a patient is, and where: what was written before is kept, and whoever sees the patient sees it."""

import secrets
from datetime import UTC
from typing import Final, Protocol

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, StaleVersionError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId
from services.contracts.records.patients import Patient, PatientCorrectionRequest, PatientVersion
from services.records.errors import NothingCorrectedError
from services.records.gate import Gate
from services.records.patients.correction_storage import PatientCorrectionRows, PatientVersionQueries
from services.records.patients.errors import PatientInEpisodeError
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.patients.rules import OLDEST_YEARS, is_plausible_birth_date
from services.records.site_zones.logic import KnownSites

_KEPT: Final = Information.DEMOGRAPHICS
_STALE: Final = "The patient was corrected since you read them; read them again and send their ETag."


class Treated(Protocol):
    """Knows whether somebody is being treated."""

    async def is_open(self, patient_id: PatientId) -> bool:
        """Say whether a patient is in an episode of care."""


class PatientCorrections:
    """Corrects patients, within one unit of work."""

    def __init__(
        self, rows: PatientCorrectionRows, patients: PatientCommands, sites: KnownSites, treated: Treated, gate: Gate
    ) -> None:
        self._rows = rows
        self._patients = patients
        self._sites = sites
        self._treated = treated
        self._gate = gate

    async def correct(self, patient_id: PatientId, request: PatientCorrectionRequest, version: int) -> Patient:
        """Write down who a patient is, or where, instead of what was; what depends on age is decided anew from now on.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            OpenedToBeReadError: The caller sees the patient by a broken glass alone.
            StaleVersionError: The patient was corrected meanwhile.
            InvalidRequestError: No living person was born on that day, or there is no such site.
            NothingCorrectedError: All of it is written so already.
            PatientInEpisodeError: The site is another one, and the patient is in an episode of care.
        """
        before, seal = await self._patients.lock_sealed(patient_id, _KEPT)
        if before.version != version:
            raise StaleVersionError(_STALE)
        now = self._gate.clock.now()
        if request.birth_date is not None and not is_plausible_birth_date(
            request.birth_date, now.astimezone(UTC).date()
        ):
            raise InvalidRequestError(
                "/birth_date", f"must not lie in the future, nor more than {OLDEST_YEARS} years ago"
            )
        said = request.model_dump(exclude={"reason"}, exclude_none=True)
        patient = before.model_copy(update={**said, "version": before.version + 1})
        if patient.model_copy(update={"version": before.version}) == before:
            raise NothingCorrectedError
        if patient.site_id != before.site_id:
            await self._sites.refuse_unknown(patient.site_id, "/site_id")
            if await self._treated.is_open(patient_id):
                raise PatientInEpisodeError
        replaced = PatientVersion(
            **before.model_dump(include={"version", "given_name", "family_name", "birth_date", "site_id"}),
            reason=request.reason,
            corrected_by=self._gate.caller.account_id,
            corrected_at=now,
        )
        await self._rows.replace(new_id(now, secrets.token_bytes(10)), replaced, patient, seal)
        return patient


class PatientVersionReads:
    """What can be read of corrections."""

    def __init__(self, queries: PatientVersionQueries, patients: PatientReads) -> None:
        self._queries = queries
        self._patients = patients

    async def of_patient(self, patient_id: PatientId) -> Page[PatientVersion]:
        """Return what was written of a patient before each correction, oldest first.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        seal = await self._patients.seal(patient_id, _KEPT)
        return Page(items=await self._queries.of_patient(patient_id, seal), next_page_token=None)
