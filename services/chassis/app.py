"""Making a service's application: every service is made the same way, from a function and never at import."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from typing_extensions import override

from services.chassis import health, problems
from services.chassis.direct import DirectReads
from services.chassis.document import describe_problems
from services.chassis.edge import Edge
from services.chassis.shortcut import Shortcut
from services.chassis.telemetry import Metrics
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Microservice

API_VERSION: Final = "1.0.0"
TIMEOUT_SECONDS: Final = 30.0
"""How long a request may take, where its route does not say otherwise."""
_BODY_LIMIT: Final = 1024 * 1024

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Application(FastAPI):
    """An application whose document says how it refuses."""

    shortcut: Shortcut | None = None
    """Its short way, where it has one."""

    @override
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            describe_problems(super().openapi())
        return super().openapi()


def create_app(
    service: Microservice,
    routers: Sequence[APIRouter],
    *,
    lifespan: Lifespan,
    timeout_seconds: float = TIMEOUT_SECONDS,
    is_audited: bool = False,
) -> Application:
    """Assemble an application; `lifespan` puts a `Process` on `app.state.process` before the first request.

    In an audited one every request that reaches the database leaves a trace in the audit trail or fails; its `lifespan`
    also puts the `RootKeys` on `app.state.root_keys`.
    The last layer put around it is `Edge`, so nothing that happens inside leaves as anything but a documented answer.
    """
    app = Application(
        title=f"Eventide {service.value}",
        version=API_VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        # What a process says of a request is on the list in `telemetry`; the framework's would tell paths and errors.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.metrics = Metrics()
    app.state.is_audited = is_audited
    # What asks the application's gate before a stored answer is given again; None where there is no gate.
    app.state.decides_again = None
    # Organizations whose audit trail awaits a checkpoint.
    app.state.grown_trails = set[OrganizationId]()
    problems.install(app)
    for router in routers:
        app.include_router(router)
    app.include_router(health.router)
    app.add_middleware(DirectReads, routes=[route for router in routers for route in router.routes])
    app.add_middleware(Edge, metrics=app.state.metrics, timeout_seconds=timeout_seconds, body_limit=_BODY_LIMIT)
    return app
