"""Liveness, readiness and metrics: asked by the supervisor and by monitoring, on the service's own port only."""

from fastapi import APIRouter, Request
from prometheus_client import generate_latest
from starlette.responses import Response

from services.chassis.errors import DatabaseUnavailableError
from services.chassis.telemetry import Metrics
from services.chassis.wiring import process_of

router = APIRouter(include_in_schema=False)


@router.get("/livez", operation_id="livez")
async def livez() -> dict[str, str]:
    """Say that the event loop turns; never asks the database, or a restart would follow its every pause."""
    return {"status": "ok"}


@router.get("/readyz", operation_id="readyz")
async def readyz(request: Request) -> dict[str, str]:
    """Say that requests can be served: the database answers."""
    try:
        await process_of(request).database.ping()
    except Exception:  # noqa: BLE001 - whatever hinders, the answer is that we are not ready
        raise DatabaseUnavailableError from None
    return {"status": "ok"}


@router.get("/metrics", operation_id="metrics")
async def metrics(request: Request) -> Response:
    """Give the measures in Prometheus' text format."""
    measures: Metrics = request.app.state.metrics
    return Response(generate_latest(measures.registry), media_type="text/plain; version=0.0.4")
