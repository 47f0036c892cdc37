"""Routes of intake doors, and the one by which an inquiry comes in."""

from fastapi import APIRouter, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import IntakeDoorId
from services.contracts.records.placement_helper import (
    InquiryReceipt,
    IntakeDoor,
    IntakeDoorRequest,
    PlacementInquiry,
)
from services.records.dependencies.public import DoorChanges, DoorReading, PublicInquiries

router = APIRouter(prefix="/v1", tags=["placement helper"], route_class=IdempotentRoute)
_CREATED = status.HTTP_201_CREATED


@router.post("/intake_doors", operation_id="create_intake_door", status_code=_CREATED, responses=documented(422))
async def create_intake_door(request: IntakeDoorRequest, doors: DoorChanges, response: Response) -> IntakeDoor:
    """Open a way in by which anybody may ask a site to contact them."""
    door = await doors.open(request)
    response.headers["location"] = f"/v1/intake_doors/{door.id}"
    return door


@router.get("/intake_doors", operation_id="list_intake_doors", responses=documented(422))
async def list_intake_doors(doors: DoorReading, page: RequestedPage) -> Page[IntakeDoor]:
    """List the organization's ways in, oldest first."""
    return await doors.page(page)


@router.post("/intake_doors/{door_id}:close", operation_id="close_intake_door", responses=documented(404, 409, 422))
async def close_intake_door(door_id: IntakeDoorId, doors: DoorChanges) -> IntakeDoor:
    """Close a way in: what comes by it from now on finds nothing."""
    return await doors.close(door_id)


@router.post(
    "/placement_inquiries",
    operation_id="create_placement_inquiry",
    status_code=_CREATED,
    responses=documented(404, 422, 429),
)
async def create_placement_inquiry(inquiry: PlacementInquiry, inquiries: PublicInquiries) -> InquiryReceipt:
    """Ask a programme to contact you; your answers go along only if you send them, and nothing is told in return."""
    return await inquiries.send(inquiry)
