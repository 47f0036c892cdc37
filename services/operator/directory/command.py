"""`eventide directory import`: a locator's export, entered through the API in pieces; safe to send again."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from services.chassis.errors import ServiceError
from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.clients.errors import RefusedError
from services.contracts.identity import Role
from services.contracts.records.directory import DirectoryImport, DirectoryImported
from services.operator import stack
from services.operator.directory.export import BadRow, GoodRow, UnreadableExportError, read_rows
from services.operator.errors import OperatorError
from services.operator.lifecycle import state_of
from services.operator.state import StateFolder
from services.operator.token_command import mint

_LARGEST_FILE: Final = 256 * 1024 * 1024
_AT_ONCE: Final = 100
_TOLD: Final = 100


class ImportRefusedError(OperatorError):
    """The API refused what the import wanted to enter."""


class Takes(Protocol):
    """Takes entries, such as the client of the API."""

    async def import_directory(self, request: DirectoryImport) -> DirectoryImported:
        """Enter programmes from a public locator's file."""


@dataclass(slots=True)
class Outcome:
    """What became of a file."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    left_out: int = 0
    first_left_out: list[BadRow] = field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """Return it as the command prints it."""
        return {
            "rows": self.rows,
            "added": self.added,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "left_out": self.left_out,
            "first_left_out": [bad._asdict() for bad in self.first_left_out],
        }


def run(arguments: argparse.Namespace) -> int:
    """Import a file into the running stack; exit status 1 where every row had to be left out.

    Raises:
        NotRunningError: There is no stack to enter it into.
        UnreadableExportError: The file cannot be read, or is too large.
        ImportRefusedError: The API refused a piece; what was entered before stays, and the command may be repeated.
    """
    text = read_file(arguments.file)
    state = StateFolder(state_of(arguments))
    status = stack.status(state.root)
    offset = timedelta(seconds=status["clock_offset_seconds"])
    token = mint(state.secrets, frozenset({Role.PLATFORM_OPERATOR}), offset=offset)

    def tell(sentence: str) -> None:
        print(f"eventide: {sentence}", file=sys.stderr)

    async def enter() -> Outcome:
        http = HttpClient(timeout_seconds=60)
        try:
            api = ApiClient(http, status["gateway"], token)
            return await import_rows(api, text, arguments.source, arguments.as_of, tell)
        except (RefusedError, ServiceError) as refusal:
            raise ImportRefusedError(f"The import stopped: {refusal}; repeat it when that is mended.") from None
        finally:
            await http.close()

    outcome = asyncio.run(enter())
    told = outcome.report()
    shown = ", ".join(f"{count} {name}" for name, count in told.items() if isinstance(count, int))
    print(json.dumps(told) if arguments.json else shown.replace("_", " "))
    return 1 if outcome.left_out and outcome.left_out == outcome.rows else 0


def read_file(path: Path) -> str:
    """Return the text of an export.

    Raises:
        UnreadableExportError: There is no such file, it is not UTF-8, or it has more than 256 MiB.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise UnreadableExportError(f"The file has more than {_LARGEST_FILE >> 20} MiB: import it in parts.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UnreadableExportError(f"The file cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UnreadableExportError("The file is not UTF-8.") from None


async def import_rows(api: Takes, text: str, source: str, as_of: date, tell: Callable[[str], None]) -> Outcome:
    """Enter the rows of an export, a hundred at a time; a bad one is told by its line and left out."""
    outcome = Outcome()
    rows = read_rows(text)
    while piece := list(islice(rows, _AT_ONCE)):
        _note_bad(outcome, [row for row in piece if isinstance(row, BadRow)], tell)
        good = [row.entry for row in piece if isinstance(row, GoodRow)]
        outcome.rows += len(piece)
        if good:
            took = await api.import_directory(DirectoryImport(source=source, as_of=as_of, entries=good))
            outcome.added += took.added
            outcome.changed += took.changed
            outcome.unchanged += took.unchanged
        tell(f"{outcome.rows} rows read, {outcome.added} added, {outcome.changed} changed")
    return outcome


def _note_bad(outcome: Outcome, bad: Sequence[BadRow], tell: Callable[[str], None]) -> None:
    for row in bad[: _TOLD - len(outcome.first_left_out)]:
        tell(f"line {row.line}: the row {row.problem}, and is left out")
        outcome.first_left_out.append(row)
    outcome.left_out += len(bad)
