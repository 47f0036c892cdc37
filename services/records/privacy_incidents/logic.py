"""What may be done about incidents, and what is told of them."""

import secrets
from collections.abc import Callable
from datetime import date, datetime

from pydantic import BaseModel

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import PrivacyIncidentId
from services.contracts.records.privacy_incidents import (
    AffectedPatient,
    AffectedPatientsRequest,
    AuthorityNoticeRequest,
    IncidentDecisionRequest,
    IncidentOutcome,
    IncidentStatus,
    NoticeDelayRequest,
    PatientNoticesRequest,
    PrivacyIncident,
    PrivacyIncidentRequest,
    RiskAssessmentRequest,
)
from services.records.errors import OverAlreadyError, UnknownPatientsError
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands
from services.records.privacy_incidents.errors import AssessmentMissingError, NoticesDueError, UndecidedError
from services.records.privacy_incidents.facts import SPOKEN_DELAY_DAYS, Act, ActKind, Discovered, Incident
from services.records.privacy_incidents.rules import deadlines, has_begun, is_large, status_of, told
from services.records.privacy_incidents.storage import PrivacyIncidentQueries, PrivacyIncidentRows

_ON_ASSESSMENT = frozenset({IncidentOutcome.BREACH, IncidentOutcome.LOW_PROBABILITY})
_FUTURE = "must not lie in the future"


class PrivacyIncidentCommands:
    """Changes to incidents, within one unit of work."""

    def __init__(
        self, rows: PrivacyIncidentRows, queries: PrivacyIncidentQueries, patients: PatientCommands, gate: Gate
    ) -> None:
        self._rows = rows
        self._queries = queries
        self._patients = patients
        self._gate = gate

    async def record(self, request: PrivacyIncidentRequest) -> PrivacyIncident:
        """Record an incident; from now on a breach is presumed, and its deadlines run from the day of discovery.

        Raises:
            InvalidRequestError: It was discovered in the future.
        """
        now = self._gate.clock.now()
        if not has_begun(request.discovered_on, now):
            raise InvalidRequestError("/discovered_on", _FUTURE)
        incident_id = PrivacyIncidentId(new_id(now, secrets.token_bytes(10)))
        incident = Incident(incident_id, request, self._gate.caller.account_id, now, (), ())
        await self._rows.add(incident)
        self._gate.configured(privacy_incident=incident_id)
        return told(incident, now)

    async def assess(
        self, incident_id: PrivacyIncidentId, request: RiskAssessmentRequest, version: int
    ) -> PrivacyIncident:
        """Write down the assessment of the four factors; a newer one takes the place of an older, which is kept.

        Raises:
            NotFoundError: There is no such incident here.
            StaleVersionError: Something else was done in the meantime.
            OverAlreadyError: It is closed.
        """
        incident = await self._open(incident_id, version)
        return await self._do(incident, ActKind.ASSESSED, request)

    async def decide(
        self, incident_id: PrivacyIncidentId, request: IncidentDecisionRequest, version: int
    ) -> PrivacyIncident:
        """Decide whether it was a breach.

        Raises:
            NotFoundError: There is no such incident here.
            StaleVersionError: Something else was done in the meantime.
            OverAlreadyError: It is closed.
            AssessmentMissingError: The outcome rests on an assessment, and there is none.
        """
        incident = await self._open(incident_id, version)
        if request.outcome in _ON_ASSESSMENT and incident.assessment is None:
            raise AssessmentMissingError
        return await self._do(incident, ActKind.DECIDED, request)

    async def delay(self, incident_id: PrivacyIncidentId, request: NoticeDelayRequest, version: int) -> PrivacyIncident:
        """Let notices wait for law enforcement (45 CFR 164.412).

        Raises:
            NotFoundError: There is no such incident here.
            StaleVersionError: Something else was done in the meantime.
            OverAlreadyError: It is closed.
            InvalidRequestError: It is longer than a statement that is not in writing may delay.
        """
        incident = await self._open(incident_id, version)
        longest = incident.spoken_delay_ends(self._gate.clock.now())
        if request.document_sha256 is None and request.until > longest:
            raise InvalidRequestError(
                "/until",
                f"must lie within {SPOKEN_DELAY_DAYS} days of the first statement that is not in writing",
            )
        return await self._do(incident, ActKind.DELAYED, request)

    async def add_affected(
        self, incident_id: PrivacyIncidentId, request: AffectedPatientsRequest, version: int
    ) -> PrivacyIncident:
        """List patients who are affected; who is listed already stays as they are.

        Raises:
            NotFoundError: There is no such incident here.
            StaleVersionError: Something else was done in the meantime.
            OverAlreadyError: It is closed.
            UnknownPatientsError: One of them is no patient here.
        """
        incident = await self._open(incident_id, version)
        known = frozenset(await self._patients.within_reach(request.patient_ids, Information.CONSENTS))
        unknown = [f"/patient_ids/{index}" for index, one in enumerate(request.patient_ids) if one not in known]
        if unknown:
            raise UnknownPatientsError(unknown)
        by, now = self._gate.caller.account_id, self._gate.clock.now()
        await self._rows.add_affected(incident_id, request, by, now)
        return await self._do(incident, ActKind.PATIENTS_ADDED, request)

    async def notify_patients(
        self, incident_id: PrivacyIncidentId, request: PatientNoticesRequest, version: int
    ) -> PrivacyIncident:
        """Record that patients were told.

        Raises:
            NotFoundError: There is no such incident here.
            StaleVersionError: Something else was done in the meantime.
            OverAlreadyError: It is closed.
            InvalidRequestError: One is not listed as affected, or it was not on a day since the discovery.
        """
        incident = await self._open(incident_id, version)
        self._refuse_day(incident, request.sent_on)
        affected = await self._queries.affected_among(incident_id, request.patient_ids)
        for index, one in enumerate(request.patient_ids):
            if one not in affected or one in request.patient_ids[:index]:
                raise InvalidRequestError(f"/patient_ids/{index}", "must be listed as affected, and here once")
        now = self._gate.clock.now()
        ids = [new_id(now, secrets.token_bytes(10)) for _ in request.patient_ids]
        self._gate.shown(sorted(affected), Information.CONSENTS)
        await self._rows.add_notices(incident_id, request, ids, self._act(ActKind.PATIENTS_NOTIFIED, request))
        return await self._do(incident, ActKind.PATIENTS_NOTIFIED, request)

    async def notify_authority(
        self, incident_id: PrivacyIncidentId, request: AuthorityNoticeRequest, version: int
    ) -> PrivacyIncident:
        """Record that the Secretary or the media were told.

        Raises:
            NotFoundError: There is no such incident here.
            StaleVersionError: Something else was done in the meantime.
            OverAlreadyError: It is closed.
            InvalidRequestError: It was not on a day since the discovery.
        """
        incident = await self._open(incident_id, version)
        self._refuse_day(incident, request.sent_on)
        return await self._do(incident, ActKind.AUTHORITY_NOTIFIED, request)

    async def close(self, incident_id: PrivacyIncidentId, version: int) -> PrivacyIncident:
        """Close an incident: it was no breach, or everybody has been told.

        Raises:
            NotFoundError: There is no such incident here.
            StaleVersionError: Something else was done in the meantime.
            OverAlreadyError: It is closed.
            UndecidedError: Nobody has decided whether it was a breach.
            NoticesDueError: Somebody must still be told.
        """
        incident = await self._open(incident_id, version)
        if incident.decision is None:
            raise UndecidedError
        if any(one.met_on is None for one in deadlines(incident, self._gate.clock.now())):
            raise NoticesDueError
        return await self._do(incident, ActKind.CLOSED, None)

    async def _open(self, incident_id: PrivacyIncidentId, version: int) -> Incident:
        incident = await self._queries.one(incident_id)
        if incident is None:
            self._gate.refuse(incident_id)
            raise NotFoundError
        if status_of(incident) is IncidentStatus.CLOSED:
            raise OverAlreadyError
        if incident.version != version:
            raise _stale()
        return incident

    async def _do(self, incident: Incident, kind: ActKind, said: BaseModel | None) -> PrivacyIncident:
        if not await self._rows.act(incident, self._act(kind, said)):
            raise _stale()
        self._gate.configured(privacy_incident=incident.id)
        changed = await self._queries.one(incident.id)
        assert changed is not None  # noqa: S101 - no incident is ever deleted
        return told(changed, self._gate.clock.now())

    def _act(self, kind: ActKind, said: BaseModel | None) -> Act:
        details = b"{}" if said is None else said.model_dump_json().encode()
        return Act(kind, details, self._gate.caller.account_id, self._gate.clock.now())

    def _refuse_day(self, incident: Incident, sent_on: date) -> None:
        if not has_begun(sent_on, self._gate.clock.now()):
            raise InvalidRequestError("/sent_on", _FUTURE)
        if sent_on < incident.told.discovered_on:
            raise InvalidRequestError("/sent_on", "must not lie before the incident was discovered")


def _stale() -> StaleVersionError:
    return StaleVersionError("Something was done about the incident since you read it; read it again.")


class PrivacyIncidentReads:
    """What can be read of incidents."""

    def __init__(self, queries: PrivacyIncidentQueries, gate: Gate) -> None:
        self._queries = queries
        self._gate = gate

    async def one(self, incident_id: PrivacyIncidentId) -> PrivacyIncident:
        """Return an incident.

        Raises:
            NotFoundError: There is no such incident here.
        """
        found = await self._queries.one(incident_id)
        if found is None:
            self._gate.refuse(incident_id)
            raise NotFoundError
        self._gate.configured(privacy_incident=incident_id)
        return told(found, self._gate.clock.now())

    async def page(self, requested: PageRequest, discovered: Discovered) -> Page[PrivacyIncident]:
        """Return a page of incidents, in the order they were recorded."""
        return await self._page(requested, discovered, lambda _: True)

    async def log(self, requested: PageRequest, year: int) -> Page[PrivacyIncident]:
        """Return a page of the year's breaches that are not large: what the Secretary is told after its end.

        A page may show less than was asked for, and nothing at all, while more follow.
        """
        of_year = Discovered(date(year, 1, 1), date(year, 12, 31))
        return await self._page(requested, of_year, _belongs_in_the_log)

    async def affected(self, incident_id: PrivacyIncidentId, requested: PageRequest) -> Page[AffectedPatient]:
        """Return a page of who is affected.

        Raises:
            NotFoundError: There is no such incident here.
        """
        may_see = self._gate.sees_everybody(Information.CONSENTS)
        if not may_see or await self._queries.one(incident_id) is None:
            self._gate.refuse(incident_id)
            raise NotFoundError
        page = requested.page(await self._queries.affected(incident_id, requested))
        self._gate.shown([one.patient_id for one in page.items], Information.CONSENTS)
        return page

    async def _page(
        self, requested: PageRequest, discovered: Discovered, is_wanted: Callable[[Incident], bool]
    ) -> Page[PrivacyIncident]:
        now: datetime = self._gate.clock.now()
        page = requested.page(await self._queries.some(requested, discovered))
        self._gate.configured()
        items = [told(one, now) for one in page.items if is_wanted(one)]
        return Page(items=items, next_page_token=page.next_page_token)


def _belongs_in_the_log(incident: Incident) -> bool:
    decision = incident.decision
    return decision is not None and decision.outcome is IncidentOutcome.BREACH and not is_large(incident)
