"""The client of records: what the scheduler may read of plans and patients."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
from pydantic import ValidationError

from services.chassis.errors import NotFoundError, UpstreamUnavailableError
from services.chassis.http import HttpClient
from services.chassis.remembered import Remembered, RememberedParts
from services.clients.base import Schema, ServiceClient
from services.clients.errors import RefusedError
from services.clients.gateway import TokenExchange
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.identity import Microservice
from services.contracts.problems import ProblemType
from services.contracts.records.patients import PatientPresence, PatientsInReach, ReachRequest, SharedInformation
from services.contracts.records.treatment_plans import (
    HorizonRequirements,
    PatientRequirement,
    PatientSeating,
    PlanRequirement,
    WeekRequirements,
)


class RecordsClient(ServiceClient):
    """Calls records for the person whose request is served."""

    def __init__(self, http: HttpClient, base_url: str, tokens: TokenExchange) -> None:
        super().__init__(http, base_url, Microservice.RECORDS.value)
        self._tokens = tokens
        self._weeks = Remembered[WeekRequirements]()
        self._plans = RememberedParts[dict[str, Any], PlanRequirement]()

    async def week_requirements(self, caller_token: str, site_id: SiteId, week: date) -> WeekRequirements:
        """Return what the plans of a site require of the week that begins on the Monday `week`.

        Records is asked each time. What it answered is validated once and shared: nobody may change it.
        """
        token = await self._tokens.exchange(caller_token, Microservice.RECORDS)
        query = {"site_id": str(site_id), "week": week.isoformat()}
        body = await self._send("GET", "/v1/week_requirements", token=token, query=query)
        key = f"{site_id} {week}"
        return self._weeks.get(key, body, lambda: self._week(key, body))

    def _week(self, key: str, body: bytes) -> WeekRequirements:
        """Read a week, of which only the plans that have changed since the last time are validated again."""
        try:
            answer = orjson.loads(body)
            plans = {plan["patient_id"]: plan for plan in answer["patients"]}
            patients = self._plans.all(key, plans, PlanRequirement.model_validate)
            return WeekRequirements.model_validate({**answer, "patients": patients})
        except (ValidationError, orjson.JSONDecodeError, KeyError, TypeError):
            raise UpstreamUnavailableError(self._service) from None

    async def horizon_requirements(
        self, caller_token: str, site_id: SiteId, first: date, weeks: int
    ) -> HorizonRequirements:
        """Return what the plans of a site require of so many weeks from the Monday `first` on."""
        token = await self._tokens.exchange(caller_token, Microservice.RECORDS)
        query = {"site_id": str(site_id), "week": first.isoformat(), "weeks": str(weeks)}
        return await self._call(HorizonRequirements, "GET", "/v1/horizon_requirements", token=token, query=query)

    async def patient_requirement(self, caller_token: str, patient_id: PatientId, week: date) -> PatientRequirement:
        """Return what a patient's plan requires of the week that begins on the Monday `week`.

        Raises:
            NotFoundError: There is no such patient in the caller's organization, or not for the caller.
        """
        query = {"week": week.isoformat()}
        return await self._of_patient(PatientRequirement, patient_id, "week_requirement", caller_token, query)

    async def patient_presence(
        self,
        caller_token: str,
        patient_id: PatientId,
        information: SharedInformation = Information.SCHEDULING,
        *,
        for_change: bool = False,
    ) -> PatientPresence:
        """Return where a patient is treated, to a caller who may see this of the patient, or change it.

        Raises:
            NotFoundError: There is no such patient in the caller's organization, or not for the caller.
            RefusedError: The caller would change it, and sees the patient by a broken glass alone.
        """
        query = {"information": information.value} | ({"for_change": "true"} if for_change else {})
        return await self._of_patient(PatientPresence, patient_id, "presence", caller_token, query)

    async def patients_within_reach(
        self, caller_token: str, patient_ids: list[PatientId], information: SharedInformation
    ) -> frozenset[PatientId]:
        """Return of which of these patients, a thousand at most, the caller may see this."""
        token = await self._tokens.exchange(caller_token, Microservice.RECORDS)
        body = ReachRequest(information=information, patient_ids=patient_ids)
        found = await self._call(PatientsInReach, "POST", "/v1/patients:within_reach", token=token, body=body)
        return frozenset(found.patient_ids)

    async def patient_seating(self, caller_token: str, patient_id: PatientId) -> PatientSeating:
        """Return what giving a patient a seat depends on.

        Raises:
            NotFoundError: There is no such patient in the caller's organization.
        """
        return await self._of_patient(PatientSeating, patient_id, "seating", caller_token)

    async def _of_patient(
        self,
        answer_type: type[Schema],
        patient_id: PatientId,
        what: str,
        caller_token: str,
        query: Mapping[str, str] | None = None,
    ) -> Schema:
        token = await self._tokens.exchange(caller_token, Microservice.RECORDS)
        try:
            return await self._call(answer_type, "GET", f"/v1/patients/{patient_id}/{what}", token=token, query=query)
        except RefusedError as refusal:
            if refusal.problem.type == ProblemType.NOT_FOUND.urn:
                raise NotFoundError from None
            raise
