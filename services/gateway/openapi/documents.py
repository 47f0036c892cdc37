"""The committed documents of the API: where they are, how they are written, and what the gateway serves of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

import services
from services.gateway.openapi.page import Page, render

FOLDER: Final = Path(services.__path__[0]).parent / "docs" / "api"


@dataclass(frozen=True, slots=True)
class Published:
    """The merged document as bytes, and the page that shows it; `app.state.published`."""

    document: bytes
    page: Page


def written(document: dict[str, Any]) -> bytes:
    """Write a document so that equal documents are equal bytes: sorted members, two spaces, a newline at the end."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(document, option=options)


def read_published() -> Published:
    """Read the committed document; raises FileNotFoundError where `eventide openapi` never wrote it."""
    document = (FOLDER / "eventide.json").read_bytes()
    return Published(document, render(orjson.loads(document)))
