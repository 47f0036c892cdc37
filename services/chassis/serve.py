"""`python -m services.chassis.serve SERVICE --fd N`: one service under uvicorn, on a socket that the parent bound."""

import argparse
import gc
import importlib
from typing import Final

import uvicorn

from services.chassis.protocol import StrictProtocol
from services.contracts.identity import Microservice

KEPT_SECONDS: Final = 65
"""How long a connection without a request is kept: longer than any caller of ours uses one again, since what is sent
while it is being closed is lost."""


def main() -> None:
    """Serve until SIGTERM, then finish the requests in hand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("service", choices=[service.value for service in Microservice])
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--fd", type=int, help="a listening socket that was inherited")
    where.add_argument("--port", type=int, help="a port to listen on")
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()
    main_module = importlib.import_module(f"services.{arguments.service}.main")
    application = main_module.application()
    # What is there by now stays as long as the process, and the collector need not go through it again and again: that
    # would hold up a request for a tenth of a second each time.
    gc.collect()
    gc.freeze()
    uvicorn.run(
        application,
        fd=arguments.fd,
        host=arguments.host,
        port=arguments.port or 0,
        loop="uvloop",
        http=StrictProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        # By default uvicorn believes X-Forwarded-For of whoever asks from loopback.
        proxy_headers=False,
        timeout_keep_alive=KEPT_SECONDS,
        timeout_graceful_shutdown=8,
        h11_max_incomplete_event_size=65536,
    )


if __name__ == "__main__":
    main()
