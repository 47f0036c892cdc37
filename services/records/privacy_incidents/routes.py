"""Routes of incidents and breaches."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.base import Day, Page
from services.contracts.identifiers import PrivacyIncidentId
from services.contracts.records.privacy_incidents import (
    AffectedPatient,
    AffectedPatientsRequest,
    AuthorityNoticeRequest,
    IncidentDecisionRequest,
    NoticeDelayRequest,
    PatientNoticesRequest,
    PrivacyIncident,
    PrivacyIncidentRequest,
    RiskAssessmentRequest,
)
from services.records.dependencies.law import PrivacyIncidentChanges, PrivacyIncidentReading
from services.records.privacy_incidents.facts import Discovered

router = APIRouter(prefix="/v1", tags=["privacy_incidents"], route_class=IdempotentRoute)
_INCIDENT = "/privacy_incidents/{incident_id}"
_CHANGES = documented(404, 409, 412, 422, 428)


@router.post(
    "/privacy_incidents",
    operation_id="create_privacy_incident",
    status_code=status.HTTP_201_CREATED,
    responses=documented(422),
)
async def create_privacy_incident(
    request: PrivacyIncidentRequest, incidents: PrivacyIncidentChanges, response: Response
) -> PrivacyIncident:
    """Record an incident that may be a breach; whoever works here may, for the clock runs once one of them knows."""
    return _tagged(await incidents.record(request), response)


@router.get("/privacy_incidents", operation_id="list_privacy_incidents", responses=documented(422))
async def list_privacy_incidents(
    incidents: PrivacyIncidentReading,
    page: RequestedPage,
    discovered_from: Annotated[Day | None, Query()] = None,
    discovered_until: Annotated[Day | None, Query()] = None,
) -> Page[PrivacyIncident]:
    """List incidents in the order they were recorded, each with its deadlines; who is affected is only counted."""
    return await incidents.page(page, Discovered(discovered_from, discovered_until))


@router.get("/breach_log", operation_id="read_breach_log", responses=documented(422))
async def read_breach_log(
    year: Annotated[int, Query(ge=2013, le=2199)], incidents: PrivacyIncidentReading, page: RequestedPage
) -> Page[PrivacyIncident]:
    """List a year's breaches of fewer than 500, as the Secretary is told of them after its end (45 CFR 164.408(c))."""
    return await incidents.log(page, year)


@router.get(_INCIDENT, operation_id="read_privacy_incident", responses=documented(404, 422))
async def read_privacy_incident(
    incident_id: PrivacyIncidentId, incidents: PrivacyIncidentReading, response: Response
) -> PrivacyIncident:
    """Read an incident, how it stands, and who must be told by when."""
    return _tagged(await incidents.one(incident_id), response)


@router.post(f"{_INCIDENT}:assess", operation_id="assess_privacy_incident", responses=_CHANGES)
async def assess_privacy_incident(
    incident_id: PrivacyIncidentId,
    request: RiskAssessmentRequest,
    version: RequiredVersion,
    incidents: PrivacyIncidentChanges,
    response: Response,
) -> PrivacyIncident:
    """Write down the assessment of the four factors (45 CFR 164.402)."""
    return _tagged(await incidents.assess(incident_id, request, version), response)


@router.post(f"{_INCIDENT}:decide", operation_id="decide_privacy_incident", responses=_CHANGES)
async def decide_privacy_incident(
    incident_id: PrivacyIncidentId,
    request: IncidentDecisionRequest,
    version: RequiredVersion,
    incidents: PrivacyIncidentChanges,
    response: Response,
) -> PrivacyIncident:
    """Decide whether it was a breach; until somebody does, one is presumed."""
    return _tagged(await incidents.decide(incident_id, request, version), response)


@router.post(f"{_INCIDENT}:delay", operation_id="delay_privacy_incident", responses=_CHANGES)
async def delay_privacy_incident(
    incident_id: PrivacyIncidentId,
    request: NoticeDelayRequest,
    version: RequiredVersion,
    incidents: PrivacyIncidentChanges,
    response: Response,
) -> PrivacyIncident:
    """Let notices wait as long as law enforcement states that they would impede it (45 CFR 164.412)."""
    return _tagged(await incidents.delay(incident_id, request, version), response)


@router.post(f"{_INCIDENT}/affected_patients", operation_id="add_affected_patients", responses=_CHANGES)
async def add_affected_patients(
    incident_id: PrivacyIncidentId,
    request: AffectedPatientsRequest,
    version: RequiredVersion,
    incidents: PrivacyIncidentChanges,
    response: Response,
) -> PrivacyIncident:
    """List patients who are affected; who is listed already stays as they are."""
    return _tagged(await incidents.add_affected(incident_id, request, version), response)


@router.get(f"{_INCIDENT}/affected_patients", operation_id="list_affected_patients", responses=documented(404, 422))
async def list_affected_patients(
    incident_id: PrivacyIncidentId, incidents: PrivacyIncidentReading, page: RequestedPage
) -> Page[AffectedPatient]:
    """List who is affected, and when each was first told."""
    return await incidents.affected(incident_id, page)


@router.post(f"{_INCIDENT}/patient_notices", operation_id="create_patient_notices", responses=_CHANGES)
async def create_patient_notices(
    incident_id: PrivacyIncidentId,
    request: PatientNoticesRequest,
    version: RequiredVersion,
    incidents: PrivacyIncidentChanges,
    response: Response,
) -> PrivacyIncident:
    """Record that patients were told, with all that a notice must say (45 CFR 164.404(c))."""
    return _tagged(await incidents.notify_patients(incident_id, request, version), response)


@router.post(f"{_INCIDENT}/authority_notices", operation_id="create_authority_notice", responses=_CHANGES)
async def create_authority_notice(
    incident_id: PrivacyIncidentId,
    request: AuthorityNoticeRequest,
    version: RequiredVersion,
    incidents: PrivacyIncidentChanges,
    response: Response,
) -> PrivacyIncident:
    """Record that the Secretary, or the media of a state, were told (45 CFR 164.406, 164.408)."""
    return _tagged(await incidents.notify_authority(incident_id, request, version), response)


@router.post(f"{_INCIDENT}:close", operation_id="close_privacy_incident", responses=_CHANGES)
async def close_privacy_incident(
    incident_id: PrivacyIncidentId, version: RequiredVersion, incidents: PrivacyIncidentChanges, response: Response
) -> PrivacyIncident:
    """Close an incident that was no breach, or of which everybody has been told."""
    return _tagged(await incidents.close(incident_id, version), response)


def _tagged(incident: PrivacyIncident, response: Response) -> PrivacyIncident:
    response.headers["etag"] = entity_tag(incident.version)
    return incident
