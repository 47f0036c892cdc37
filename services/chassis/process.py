"""The lifespan that records and the scheduler share: database, clock, keys, HTTP client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from services.chassis.authentication import InternalAuthenticator, RemoteKeys
from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.http import HttpClient
from services.chassis.settings import ServiceSettings
from services.chassis.telemetry import configure_logging, request_lines
from services.chassis.tokens import TokenType, TokenVerifier
from services.chassis.wiring import Process
from services.contracts.identity import Microservice


@dataclass(frozen=True, slots=True)
class Opened:
    """An open process and the HTTP client that its own clients use."""

    process: Process
    http: HttpClient


@asynccontextmanager
async def open_process(service: Microservice, settings: ServiceSettings) -> AsyncIterator[Opened]:
    """Open everything a service behind the gateway needs, and close it at the end."""
    configure_logging(service.value, settings.log_level)
    clock = Clock(timedelta(seconds=settings.clock_offset_seconds))
    http = HttpClient(timeout_seconds=settings.request_timeout_seconds)
    opened = OpenDatabase(str(settings.database_url), pool_size=settings.pool_size)
    verifier = TokenVerifier(issuer=settings.issuer, audience=service.value, token_type=TokenType.INTERNAL, clock=clock)
    authenticator = InternalAuthenticator(verifier, RemoteKeys(http, str(settings.gateway_url)), clock)
    try:
        yield Opened(Process(clock, await opened.open(), authenticator), http)
    finally:
        request_lines.flush()
        await opened.close()
        await http.close()
