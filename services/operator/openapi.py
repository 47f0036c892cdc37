"""`eventide openapi`: writes the API's documents, or says whether the committed ones are still true."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from services.contracts.identity import Microservice
from services.gateway.main import build as build_gateway
from services.gateway.openapi.documents import FOLDER, written
from services.gateway.openapi.merging import merge
from services.records.main import build as build_records
from services.scheduler.main import build as build_scheduler

_BUILDS: Final = {
    Microservice.GATEWAY: build_gateway,
    Microservice.RECORDS: build_records,
    Microservice.SCHEDULER: build_scheduler,
}
MERGED: Final = "eventide"


def documents() -> dict[str, bytes]:
    """Return what each file of docs/api must hold, by its name without `.json`; needs no settings and no database."""
    described = {service.value: build(_never_started).openapi() for service, build in _BUILDS.items()}
    return {name: written(document) for name, document in (described | {MERGED: merge(described)}).items()}


def run(arguments: argparse.Namespace) -> int:
    """Write the documents; with `--check` only compare, and fail where one differs."""
    changed = outdated()
    if not arguments.check:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, content in documents().items():
            (FOLDER / f"{name}.json").write_bytes(content)
    for name in changed:
        print(f"docs/api/{name}.json {'is outdated' if arguments.check else 'was written'}", file=sys.stderr)
    return 1 if arguments.check and changed else 0


def outdated() -> list[str]:
    """Return the names of the documents whose file differs from what the services would say now."""
    return [name for name, content in documents().items() if _committed(name) != content]


def _committed(name: str) -> bytes | None:
    path = FOLDER / f"{name}.json"
    return path.read_bytes() if path.exists() else None


@asynccontextmanager
async def _never_started(_app: FastAPI) -> AsyncIterator[None]:
    yield
