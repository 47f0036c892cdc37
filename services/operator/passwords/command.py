"""`eventide passwords import`: a public list of leaked passwords becomes the file that the gateway looks into."""

import argparse
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from services.gateway.breached_passwords import write_list
from services.operator.errors import OperatorError
from services.operator.lifecycle import say, state_of
from services.operator.state import StateFolder

_LINE: Final = re.compile(rb"([0-9A-Fa-f]{40})(?::([0-9]{1,12}))?\s*")
_RANGE_LINE: Final = re.compile(rb"([0-9A-Fa-f]{35})(?::([0-9]{1,12}))?\s*")
_RANGE: Final = re.compile(r"([0-9A-Fa-f]{5})(?:\.txt)?")
_TELL_EVERY: Final = 50_000_000


class ListRefusedError(OperatorError):
    """The list cannot be read; what was there before stays."""


def run(arguments: argparse.Namespace) -> int:
    """Import a list into the state folder, in place of the one before.

    Raises:
        ListRefusedError: It cannot be read, is not in order, or holds something else than hashes.
    """
    started = perf_counter()
    target = StateFolder(state_of(arguments)).breached_passwords
    report = import_list(arguments.source, target, least=arguments.least)
    report["seconds"] = round(perf_counter() - started, 1)
    print(json.dumps(report) if arguments.json else f"{report['passwords']} passwords in {report['bytes']} bytes")
    return 0


def import_list(source: Path, target: Path, *, least: int = 1) -> dict[str, Any]:
    """Make the gateway's file of a public list, whole or not at all.

    `source` is a file of SHA-1 hashes in order, one a line, each with `:` and how often it was seen; or a folder of
    the same in ranges, a file for each first five digits. Those seen less often than `least` are left out.

    Raises:
        ListRefusedError: As `run` does.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            count = write_list(_told(_hashes(source, least)), file)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(target)
    except OSError as error:
        raise ListRefusedError(f"The list cannot be read or written: {error.strerror}.") from None
    except ValueError:
        raise ListRefusedError("The list is not in order: sort it by hash, and leave each in once.") from None
    finally:
        beside.unlink(missing_ok=True)
    return {"passwords": count, "bytes": target.stat().st_size}


def _told(hashes: Iterable[bytes]) -> Iterator[bytes]:
    for number, digest in enumerate(hashes, 1):
        if number % _TELL_EVERY == 0:
            say(f"{number} passwords so far")
        yield digest


def _hashes(source: Path, least: int) -> Iterator[bytes]:
    if not source.is_dir():
        yield from _read(source, b"", _LINE, least)
        return
    ranges = sorted((match[1].upper(), file) for file in source.iterdir() if (match := _RANGE.fullmatch(file.name)))
    if not ranges:
        raise ListRefusedError("The folder has no file that is named for the first five digits of its hashes.")
    for prefix, file in ranges:
        yield from _read(file, prefix.encode(), _RANGE_LINE, least)


def _read(file: Path, prefix: bytes, line_of: "re.Pattern[bytes]", least: int) -> Iterator[bytes]:
    with file.open("rb", buffering=1 << 20) as lines:
        for number, line in enumerate(lines, 1):
            found = line_of.fullmatch(line)
            if found is None:
                if line.strip():
                    raise ListRefusedError(f"Line {number} of {file.name} is no SHA-1 hash with a count behind `:`.")
                continue
            if found[2] is None or int(found[2]) >= least:
                yield bytes.fromhex((prefix + found[1]).decode("ascii"))
