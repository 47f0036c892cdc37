"""Transport over HTTP."""

from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import BearerToken, documented
from services.contracts.base import Day, Page
from services.contracts.identifiers import RideId, RunId, SiteId, VehicleId
from services.contracts.scheduler.transport import (
    MissingRides,
    Ride,
    RideChange,
    RideRequest,
    Run,
    RunRequest,
    RunRides,
    RunSheet,
    Vehicle,
    VehicleOut,
    VehicleOutRequest,
    VehicleRequest,
)
from services.scheduler.dependencies.base import Reach
from services.scheduler.dependencies.transport import MissingRidesRead, TheVehiclesOut, Transport, TransportRead

router = APIRouter(route_class=IdempotentRoute, tags=["transport"])


@router.post(
    "/v1/sites/{site_id}/vehicles",
    operation_id="create_vehicle",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 422),
)
async def create_vehicle(site_id: SiteId, request: VehicleRequest, transport: Transport) -> Vehicle:
    """Make a vehicle of a site."""
    return await transport.create_vehicle(site_id, request)


@router.get("/v1/sites/{site_id}/vehicles", operation_id="list_vehicles", responses=documented(404, 422))
async def list_vehicles(site_id: SiteId, transport: TransportRead, page: RequestedPage) -> Page[Vehicle]:
    """List a site's vehicles."""
    return await transport.page_of_vehicles(site_id, page)


@router.post(
    "/v1/vehicles/{vehicle_id}/runs",
    operation_id="create_run",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 409, 422),
)
async def create_run(vehicle_id: VehicleId, request: RunRequest, transport: Transport) -> Run:
    """Plan a run of a vehicle to its site or from it."""
    return await transport.create_run(vehicle_id, request)


@router.post(
    "/v1/vehicles/{vehicle_id}:take_out", operation_id="take_vehicle_out", responses=documented(404, 409, 422, 503)
)
async def take_vehicle_out(
    vehicle_id: VehicleId, request: VehicleOutRequest, out: TheVehiclesOut, reach: Reach
) -> VehicleOut:
    """Let a vehicle make none of its runs for a while; its riders go on other runs as far as there are seats.

    All of them are told; those are named here whom the caller treats.
    """
    return await out.take_out(vehicle_id, request, reach)


@router.get("/v1/sites/{site_id}/runs", operation_id="list_runs", responses=documented(404, 422))
async def list_runs(
    site_id: SiteId,
    transport: TransportRead,
    page: RequestedPage,
    day: Annotated[date, Query(description="A day of the site's zone.")],
) -> Page[Run]:
    """List the runs of a day, with the seats that are taken."""
    return await transport.page_of_runs(site_id, day, page)


@router.get("/v1/runs/{run_id}/sheet", operation_id="read_run_sheet", responses=documented(404, 422))
async def read_run_sheet(run_id: RunId, transport: TransportRead) -> RunSheet:
    """Read what the driver needs: when to stop, in which area, and for how many; no name, and nothing of what for."""
    return await transport.sheet(run_id)


@router.post(
    "/v1/runs/{run_id}/rides",
    operation_id="create_ride",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 409, 422, 503),
)
async def create_ride(run_id: RunId, request: RideRequest, transport: Transport, reach: Reach) -> Ride:
    """Give a patient a seat on a run before or after a booked session; it is free again with the seat there."""
    return await transport.book_ride(run_id, request, reach)


@router.get("/v1/runs/{run_id}/rides", operation_id="list_rides", responses=documented(404, 422, 503))
async def list_rides(run_id: RunId, transport: TransportRead, reach: Reach) -> RunRides:
    """List who of those whom the caller treats has a seat on a run, and where each is picked up or let off, if said."""
    return await transport.rides(run_id, reach)


@router.post("/v1/rides/{ride_id}:set_stop", operation_id="set_ride_stop", responses=documented(404, 409, 422, 503))
async def set_ride_stop(ride_id: RideId, request: RideChange, transport: Transport, reach: Reach) -> Ride:
    """Say where and when a patient is picked up, or is home again; the next ride that is taken says the same place."""
    return await transport.set_stop(ride_id, request, reach)


@router.get("/v1/sites/{site_id}/missing_rides", operation_id="list_missing_rides", responses=documented(404, 422, 503))
async def list_missing_rides(
    site_id: SiteId,
    rides: MissingRidesRead,
    token: BearerToken,
    week: Annotated[Day, Query(description="The Monday of the week.")],
) -> MissingRides:
    """List whose plans need transport to sessions of a week that lie ahead, and who has neither a ride nor a reason."""
    return await rides.of_week(site_id, week, token)


@router.delete(
    "/v1/rides/{ride_id}",
    operation_id="delete_ride",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(404, 422, 503),
)
async def delete_ride(ride_id: RideId, transport: Transport, reach: Reach) -> None:
    """Give a seat on a run back; the session stays booked."""
    await transport.cancel_ride(ride_id, reach)
