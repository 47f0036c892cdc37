"""Dumping and loading one database with PostgreSQL's own programs."""

import os
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

from services.operator.environment import plain_environment
from services.operator.errors import OperatorError
from services.operator.postgres.binaries import find_binaries

_NO_DATA: Final = Path(os.devnull)
_TAIL: Final = 2000


class ProgramFailedError(OperatorError):
    """A program of PostgreSQL could not do what it was asked; it says why."""

    def __init__(self, program: str, output: str) -> None:
        super().__init__(f"{program} failed: {output[-_TAIL:].strip()}")


def dump(url: str, file: Path) -> None:
    """Write a database to a file, in the custom format; the role must be one that row-level security spares."""
    _run("pg_dump", url, "--format=custom", f"--file={file}")


def load(url: str, file: Path) -> None:
    """Read a file into an empty database, all of it or nothing."""
    _run("pg_restore", url, "--single-transaction", "--exit-on-error", str(file))


def _run(program: str, url: str, *arguments: str) -> None:
    # A password on the command line could be read by everybody on the machine.
    parts = urlsplit(url)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    place = urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}"))
    environment = plain_environment() | ({"PGPASSWORD": unquote(password)} if password else {})
    done = subprocess.run(
        [find_binaries(None, _NO_DATA).folder / program, "--no-password", f"--dbname={place}", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    if done.returncode:
        raise ProgramFailedError(program, done.stderr)
