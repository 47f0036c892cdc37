"""What a backup says of itself, by which a damaged or foreign one is refused before anything is touched."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from services.chassis.root_keys import read_generations
from services.operator.errors import OperatorError
from services.operator.state import StateFolder

_FILE: Final = "manifest.json"
_VERSION: Final = 1


class BackupDamagedError(OperatorError):
    """The folder is no backup, or one of its files is not the one that was written."""

    def __init__(self, what: str) -> None:
        super().__init__(f"This is not a whole backup: {what}. Nothing was restored.")


class ForeignBackupError(OperatorError):
    """The backup was made under another root key, of no generation here, so nothing sealed in it would open."""

    def __init__(self) -> None:
        super().__init__("The backup was made with another root key than this state folder's. Nothing was restored.")


def write(folder: Path, state: StateFolder, at: datetime) -> dict[str, Any]:
    """Write down which files there are; the last thing a backup does."""
    files = {str(path.relative_to(folder)): _digest(path) for path in _files(folder)}
    manifest = {"version": _VERSION, "at": at.isoformat(), "root_key": _root_key_ids(state)[-1], "files": files}
    (folder / _FILE).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    return manifest


def checked(folder: Path, state: StateFolder) -> dict[str, Any]:
    """Return the manifest of a backup that is whole, and of this installation.

    Raises:
        BackupDamagedError: It is not whole.
        ForeignBackupError: It is another's.
    """
    try:
        manifest: dict[str, Any] = orjson.loads((folder / _FILE).read_bytes())
        files, root_key, version = dict(manifest["files"]), manifest["root_key"], manifest["version"]
    except (OSError, ValueError, KeyError, TypeError):
        raise BackupDamagedError(f"there is no readable {_FILE}") from None
    if version != _VERSION:
        raise BackupDamagedError("it was written by another version of this program")
    present = {str(path.relative_to(folder)) for path in _files(folder)}
    if present != set(files):
        raise BackupDamagedError("a file is missing, or one was added")
    for name, digest in files.items():
        if _digest(folder / name) != digest:
            raise BackupDamagedError(f"{name} was changed")
    if root_key not in _root_key_ids(state):
        raise ForeignBackupError
    return manifest


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != _FILE)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _root_key_ids(state: StateFolder) -> list[str]:
    # Retired ones are among them: a backup from before opens with what wrapped its keys then.
    return [generation.key.id for generation in read_generations(state.root_key)]
