"""Solves over HTTP."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Response

from services.chassis.events import EventStream, documented_events
from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import BearerToken, documented
from services.contracts.identifiers import SolveBatchId, SolveId
from services.contracts.scheduler.solves import Solve, SolveBatch, SolveBatchRequest, SolveRequest
from services.scheduler.dependencies import SolveBatches, SolveBatchesRead, SolveEvents, Solves, SolvesRead

router = APIRouter(route_class=IdempotentRoute, tags=["solves"])

_LastEventId = Annotated[
    str | None, Header(description="The id of the last event that you got: what came before is not sent again.")
]


@router.post(
    "/v1/solves",
    operation_id="create_solve",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(404, 409, 422, 503),
)
async def create_solve(request: SolveRequest, solves: Solves, token: BearerToken, response: Response) -> Solve:
    """Ask for a week of one site; the answer comes as a proposal, which Location leads to."""
    solve = await solves.create(request, token)
    response.headers["Location"] = f"/v1/solves/{solve.id}"
    return solve


@router.post(
    "/v1/solve_batches",
    operation_id="create_solve_batch",
    status_code=HTTPStatus.ACCEPTED,
    responses=documented(404, 409, 422, 503),
)
async def create_solve_batch(
    request: SolveBatchRequest, batches: SolveBatches, token: BearerToken, response: Response
) -> SolveBatch:
    """Ask for several weeks of one site; each begins from the one before, so that groups keep their times."""
    batch = await batches.create(request, token)
    response.headers["Location"] = f"/v1/solve_batches/{batch.id}"
    return batch


@router.get("/v1/solve_batches/{batch_id}", operation_id="read_solve_batch", responses=documented(404, 422))
async def read_solve_batch(batch_id: SolveBatchId, batches: SolveBatchesRead) -> SolveBatch:
    """Read where each week of a batch stands."""
    return await batches.get(batch_id)


@router.post(
    "/v1/solve_batches/{batch_id}:cancel", operation_id="cancel_solve_batch", responses=documented(404, 409, 422)
)
async def cancel_solve_batch(batch_id: SolveBatchId, batches: SolveBatches) -> SolveBatch:
    """Cancel the weeks of a batch that are not over; what was found until then is kept as proposals."""
    return await batches.cancel(batch_id)


@router.get(
    "/v1/solve_batches/{batch_id}/events",
    operation_id="stream_solve_batch_events",
    status_code=HTTPStatus.OK,
    response_class=EventStream,
    responses=documented_events(
        "Server-sent events: queued, running and week_done carry the solve of one week, progress its week, solve_id "
        "and figures, done the batch; the stream ends with done, or after 15 minutes to be asked for again"
    )
    | documented(404, 422, 503),
)
async def stream_solve_batch_events(
    batch_id: SolveBatchId, solves: SolveEvents, last_event_id: _LastEventId = None
) -> Response:
    """Follow all weeks of a batch as they happen, from where Last-Event-ID says, or from where they stand."""
    events = await solves.batch_events(batch_id, last_event_id)
    return Response(status_code=HTTPStatus.NO_CONTENT) if events is None else EventStream(events)


@router.get("/v1/solves/{solve_id}", operation_id="read_solve", responses=documented(404, 422))
async def read_solve(solve_id: SolveId, solves: SolvesRead) -> Solve:
    """Read where a solve stands: status, best cost so far, proven bound, and the proposal once there is one."""
    return await solves.get(solve_id)


@router.post("/v1/solves/{solve_id}:cancel", operation_id="cancel_solve", responses=documented(404, 409, 422))
async def cancel_solve(solve_id: SolveId, solves: Solves) -> Solve:
    """Cancel a solve; the best timetable found until then is kept as a proposal."""
    return await solves.cancel(solve_id)


@router.get(
    "/v1/solves/{solve_id}/events",
    operation_id="stream_solve_events",
    status_code=HTTPStatus.OK,
    response_class=EventStream,
    responses=documented_events(
        "Server-sent events: queued, running and done carry the solve, progress what is known by now; "
        "the stream ends with done, or after 15 minutes to be asked for again"
    )
    | documented(404, 422, 503),
)
async def stream_solve_events(
    solve_id: SolveId,
    solves: SolveEvents,
    last_event_id: _LastEventId = None,
) -> Response:
    """Follow a solve as it happens (WHATWG HTML, 9.2), from where Last-Event-ID says, or from where it stands."""
    events = await solves.events(solve_id, last_event_id)
    return Response(status_code=HTTPStatus.NO_CONTENT) if events is None else EventStream(events)
