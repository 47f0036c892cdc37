"""Routes of notices of privacy practices."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.base import Day, Language, Page
from services.contracts.identifiers import PatientId, PrivacyNoticeId, SiteId
from services.contracts.records.privacy_notices import (
    PrivacyNotice,
    PrivacyNoticeActivation,
    PrivacyNoticeReceipt,
    PrivacyNoticeReceiptRequest,
    PrivacyNoticeRequest,
    RequiredNoticeElement,
    UnnotifiedPatient,
)
from services.records.dependencies.law import PrivacyNoticeChanges, PrivacyNoticeReading, UnnotifiedReading

router = APIRouter(prefix="/v1", tags=["privacy_notices"], route_class=IdempotentRoute)
_CREATED = status.HTTP_201_CREATED
_RECEIPTS = "/patients/{patient_id}/privacy_notice_receipts"


@router.post(
    "/privacy_notices", operation_id="create_privacy_notice", status_code=_CREATED, responses=documented(412, 422)
)
async def create_privacy_notice(
    request: PrivacyNoticeRequest, notices: PrivacyNoticeChanges, response: Response
) -> PrivacyNotice:
    """Begin a notice of privacy practices as a draft, which may lack elements and holds for nobody."""
    return _tagged(await notices.draft(request), response)


@router.get("/privacy_notices", operation_id="list_privacy_notices", responses=documented(422))
async def list_privacy_notices(notices: PrivacyNoticeReading) -> Page[PrivacyNotice]:
    """List the newest version of each notice, those that held before too, all of them on one page."""
    return await notices.all()


@router.get("/privacy_notice_elements", operation_id="list_privacy_notice_elements", responses=documented(422))
async def list_privacy_notice_elements(notices: PrivacyNoticeReading) -> Page[RequiredNoticeElement]:
    """List what an active notice must contain, each element with its citation (42 CFR 2.22(b), 45 CFR 164.520(b))."""
    return notices.required()


@router.get("/privacy_notices:in_force", operation_id="read_privacy_notice_in_force", responses=documented(404, 422))
async def read_privacy_notice_in_force(
    on: Annotated[Day, Query(description="The day, on the spot.")],
    notices: PrivacyNoticeReading,
    language: Annotated[Language, Query()] = "en",
) -> PrivacyNotice:
    """Read the notice that holds on a day; patients may, as everybody may who works here."""
    return await notices.in_force(on, language)


@router.put(
    "/privacy_notices/{notice_id}", operation_id="put_privacy_notice", responses=documented(404, 409, 412, 422, 428)
)
async def put_privacy_notice(
    notice_id: PrivacyNoticeId,
    request: PrivacyNoticeRequest,
    version: RequiredVersion,
    notices: PrivacyNoticeChanges,
    response: Response,
) -> PrivacyNotice:
    """Write another version of a draft; an active notice is never changed."""
    return _tagged(await notices.redraft(notice_id, request, version), response)


@router.post(
    "/privacy_notices/{notice_id}:activate",
    operation_id="activate_privacy_notice",
    responses=documented(404, 409, 412, 422, 428),
)
async def activate_privacy_notice(
    notice_id: PrivacyNoticeId,
    request: PrivacyNoticeActivation,
    version: RequiredVersion,
    notices: PrivacyNoticeChanges,
    response: Response,
) -> PrivacyNotice:
    """Let a draft hold from a day on; where an element is missing, errors names each."""
    return _tagged(await notices.activate(notice_id, request.effective_on, version), response)


@router.post(
    _RECEIPTS,
    operation_id="create_privacy_notice_receipt",
    status_code=_CREATED,
    responses=documented(404, 422),
)
async def create_privacy_notice_receipt(
    patient_id: PatientId, request: PrivacyNoticeReceiptRequest, notices: PrivacyNoticeChanges
) -> PrivacyNoticeReceipt:
    """Record that the patient was given the notice, and acknowledged it, or what was done to have it acknowledged."""
    return await notices.give(patient_id, request)


@router.get(_RECEIPTS, operation_id="list_privacy_notice_receipts", responses=documented(404, 422))
async def list_privacy_notice_receipts(
    patient_id: PatientId, notices: PrivacyNoticeReading
) -> Page[PrivacyNoticeReceipt]:
    """List which version of the notice the patient was given and when, all of them on one page."""
    return await notices.receipts(patient_id)


@router.get("/sites/{site_id}/unnotified_patients", operation_id="list_unnotified_patients", responses=documented(422))
async def list_unnotified_patients(site_id: SiteId, unnotified: UnnotifiedReading) -> Page[UnnotifiedPatient]:
    """List who is in treatment at a site and was given no notice, all of them on one page."""
    return await unnotified.at_site(site_id)


def _tagged(notice: PrivacyNotice, response: Response) -> PrivacyNotice:
    response.headers["etag"] = entity_tag(notice.version)
    return notice
