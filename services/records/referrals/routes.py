"""Routes of referrals and of who waits for intake."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.base import Day, Page
from services.contracts.identifiers import ReferralId, SiteId
from services.contracts.records.referrals import (
    AdmissionWaitlist,
    IntakeHeld,
    IntakeKpis,
    IntakePlan,
    Referral,
    ReferralAdmission,
    ReferralAssignment,
    ReferralClose,
    ReferralContact,
    ReferralContactRequest,
    ReferralRequest,
    ReferralStatus,
)
from services.records.dependencies.intake import ReferralChanges, ReferralReading

router = APIRouter(prefix="/v1", tags=["referrals"], route_class=IdempotentRoute)
_CREATED = status.HTTP_201_CREATED
_REFERRAL = "/referrals/{referral_id}"
_CHANGE = documented(404, 409, 412, 422, 428)


@router.post("/referrals", operation_id="create_referral", status_code=_CREATED, responses=documented(422))
async def create_referral(request: ReferralRequest, referrals: ReferralChanges, response: Response) -> Referral:
    """Write down that somebody asked for treatment; who they are is encrypted before it is stored."""
    referral = await referrals.receive(request)
    response.headers["location"] = f"/v1/referrals/{referral.id}"
    return _tagged(referral, response)


@router.get("/referrals", operation_id="list_referrals", responses=documented(422))
async def list_referrals(
    site_id: Annotated[SiteId, Query()],
    referrals: ReferralReading,
    page: RequestedPage,
    of: Annotated[ReferralStatus, Query(alias="status")] = ReferralStatus.OPEN,
) -> Page[Referral]:
    """List a site's referrals of one status in the order of their entry."""
    return await referrals.page(site_id, of, page)


@router.get(_REFERRAL, operation_id="read_referral", responses=documented(404, 422))
async def read_referral(referral_id: ReferralId, referrals: ReferralReading, response: Response) -> Referral:
    """Read a referral."""
    return _tagged(await referrals.one(referral_id), response)


@router.post(
    f"{_REFERRAL}/contacts",
    operation_id="create_referral_contact",
    status_code=_CREATED,
    responses=documented(404, 409, 422),
)
async def create_referral_contact(
    referral_id: ReferralId, request: ReferralContactRequest, referrals: ReferralChanges
) -> ReferralContact:
    """Write down an attempt to reach the person; `was_permitted` says whether they had allowed this way."""
    return await referrals.contact(referral_id, request)


@router.get(f"{_REFERRAL}/contacts", operation_id="list_referral_contacts", responses=documented(404, 422))
async def list_referral_contacts(referral_id: ReferralId, referrals: ReferralReading) -> Page[ReferralContact]:
    """List the attempts to reach the person, oldest first, all of them on one page."""
    return await referrals.contacts(referral_id)


@router.post(f"{_REFERRAL}:assign", operation_id="assign_referral", responses=_CHANGE)
async def assign_referral(
    referral_id: ReferralId,
    request: ReferralAssignment,
    version: RequiredVersion,
    referrals: ReferralChanges,
    response: Response,
) -> Referral:
    """Let an account take the referral on: from now on it sees it."""
    return _tagged(await referrals.assign(referral_id, request, version), response)


@router.post(f"{_REFERRAL}:plan_intake", operation_id="plan_intake", responses=_CHANGE)
async def plan_intake(
    referral_id: ReferralId,
    request: IntakePlan,
    version: RequiredVersion,
    referrals: ReferralChanges,
    response: Response,
) -> Referral:
    """Say when the intake is to be; the clock goes on."""
    return _tagged(await referrals.plan_intake(referral_id, request, version), response)


@router.post(f"{_REFERRAL}:hold_intake", operation_id="hold_intake", responses=_CHANGE)
async def hold_intake(
    referral_id: ReferralId,
    request: IntakeHeld,
    version: RequiredVersion,
    referrals: ReferralChanges,
    response: Response,
) -> Referral:
    """Say when the intake was: the clock stops."""
    return _tagged(await referrals.hold_intake(referral_id, request, version), response)


@router.post(f"{_REFERRAL}:close", operation_id="close_referral", responses=_CHANGE)
async def close_referral(
    referral_id: ReferralId,
    request: ReferralClose,
    version: RequiredVersion,
    referrals: ReferralChanges,
    response: Response,
) -> Referral:
    """End a referral without an admission."""
    return _tagged(await referrals.close(referral_id, request, version), response)


@router.post(f"{_REFERRAL}:admit", operation_id="admit_referral", responses=_CHANGE)
async def admit_referral(
    referral_id: ReferralId,
    request: ReferralAdmission,
    version: RequiredVersion,
    referrals: ReferralChanges,
    response: Response,
) -> Referral:
    """Admit the person; where a patient has their name and birth date, 409 names them in `patient_ids`."""
    return _tagged(await referrals.admit(referral_id, request, version), response)


@router.get("/admission_waitlist", operation_id="read_admission_waitlist", responses=documented(422))
async def read_admission_waitlist(
    site_id: Annotated[SiteId, Query()],
    referrals: ReferralReading,
    due_soon_hours: Annotated[
        int | None, Query(ge=1, le=720, description="From how many hours before it passes a clock is about to.")
    ] = None,
) -> AdmissionWaitlist:
    """Show who waits for intake, whose clock passes first at the head, and after them who waits for a first session."""
    return await referrals.waitlist(site_id, due_soon_hours)


@router.get("/intake_kpis", operation_id="read_intake_kpis", responses=documented(422))
async def read_intake_kpis(
    site_id: Annotated[SiteId, Query()],
    first_day: Annotated[Day, Query()],
    last_day: Annotated[Day, Query()],
    referrals: ReferralReading,
) -> IntakeKpis:
    """Count the referrals received on some days, and how long people waited; no figure names a person."""
    return await referrals.kpis(site_id, first_day, last_day)


def _tagged(referral: Referral, response: Response) -> Referral:
    response.headers["etag"] = entity_tag(referral.version)
    return referral
