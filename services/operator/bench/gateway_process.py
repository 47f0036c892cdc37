"""The gateway by itself, as `bench gateway` measures it: its real layers, a key of its own, no database behind it."""

import asyncio
import gc
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from typing import Final
from uuid import uuid4

import uvicorn
from fastapi import FastAPI

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.chassis.protocol import StrictProtocol
from services.chassis.telemetry import configure_logging
from services.chassis.tokens import KeyRing, TokenSigner
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Microservice, Principal, Role
from services.gateway.equipment import make_equipment
from services.gateway.issuing import ACCESS_LIFETIME, TokenIssuer
from services.gateway.main import build
from services.gateway.passwords import Passwords
from services.gateway.proxy.hosts import LOOPBACK
from services.operator.drill.tokens.forging import new_key

BENCH_ISSUER: Final = "urn:eventide:bench"


def main() -> None:
    """Serve on the inherited socket of the first argument, before the upstream of the second; print a token first."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    upstream = sys.argv[2]
    configure_logging("gateway", "INFO")
    keys, clock = KeyRing((new_key(),)), Clock(timedelta())
    http, passwords = HttpClient(), Passwords(threads=1, queue=1)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.equipment = make_equipment(
            keys=keys,
            issuer=BENCH_ISSUER,
            clock=clock,
            http=http,
            upstreams={Microservice.RECORDS: upstream, Microservice.SCHEDULER: upstream},
            passwords=passwords,
            public_url="https://gateway.invalid",
            id_token_keys=(),
            sealing_key=bytes(32),
            hosts=LOOPBACK,
            engines=[ip_network("127.0.0.0/8")],
        )
        yield
        app.state.equipment.front.forwarder.close()
        await http.close()
        passwords.close()

    print(json.dumps(bench_token(keys, clock)), flush=True)
    application = build(lifespan)
    # As `services.chassis.serve` does.
    gc.collect()
    gc.freeze()
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http=StrictProtocol,
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=65,
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))


def bench_token(keys: KeyRing, clock: Clock) -> str:
    """Return an access token of a counsellor whom nobody knows, for as long as one lives."""
    person = Principal(
        account_id=AccountId(uuid4()),
        organization_id=OrganizationId(uuid4()),
        roles=frozenset({Role.COUNSELLOR}),
        acting_service=None,
        token_id=str(uuid4()),
        delegation=None,
        sign_in=None,
        proof_key=None,
    )
    issuer = TokenIssuer(TokenSigner(keys, issuer=BENCH_ISSUER, clock=clock), clock)
    return issuer.access_token(person, until=clock.now() + ACCESS_LIFETIME)[0]


if __name__ == "__main__":
    main()
