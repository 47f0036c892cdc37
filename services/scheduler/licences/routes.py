"""Licences over HTTP."""

from http import HTTPStatus

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import LicenceId, PractitionerId
from services.contracts.scheduler.licences import Licence, LicenceEndRequest, LicenceRequest
from services.scheduler.dependencies.modality_changes import Licences, LicencesRead

router = APIRouter(route_class=IdempotentRoute, tags=["licences"])


@router.post(
    "/v1/practitioners/{practitioner_id}/licences",
    operation_id="create_licence",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 409, 422),
)
async def create_licence(practitioner_id: PractitionerId, request: LicenceRequest, licences: Licences) -> Licence:
    """Keep where a practitioner may treat, and on which days."""
    return await licences.create(practitioner_id, request)


@router.get(
    "/v1/practitioners/{practitioner_id}/licences", operation_id="list_licences", responses=documented(404, 422)
)
async def list_licences(practitioner_id: PractitionerId, licences: LicencesRead, page: RequestedPage) -> Page[Licence]:
    """List a practitioner's licences, past ones too."""
    return await licences.page(practitioner_id, page)


@router.post("/v1/licences/{licence_id}:end", operation_id="end_licence", responses=documented(404, 409, 422))
async def end_licence(licence_id: LicenceId, request: LicenceEndRequest, licences: Licences) -> Licence:
    """End a licence on a day, or renew it by a later one."""
    return await licences.end(licence_id, request)
