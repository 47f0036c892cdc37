"""How the kernels are compiled, and where the machine code is kept between processes."""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import numba
from numba import config

P = ParamSpec("P")
R = TypeVar("R")

_FOLDER = Path(__file__).resolve().parent
_ROOMS = ("annealing", "duals")
_MARK = "complete"


def _fingerprint() -> str:
    """Name the code that the kernels are made of: a kernel is stale when any module it calls has changed."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(path for room in _ROOMS for path in (_FOLDER / room).glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _kept_in() -> Path | None:
    """Return where Python keeps what it compiles (PYTHONPYCACHEPREFIX, or beside the code), if that may be written.

    Nowhere else: what is loaded from there is executed.
    """
    above = Path(sys.pycache_prefix, *_FOLDER.parts[1:]) if sys.pycache_prefix else _FOLDER
    folder = above / "__pycache__" / _fingerprint()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


_KEPT_IN = _kept_in()
if _KEPT_IN is not None:
    config.CACHE_DIR = str(_KEPT_IN)


def say_compiled() -> None:
    """Leave a mark that all kernels are compiled, for processes to come."""
    if _KEPT_IN is not None:
        (_KEPT_IN / _MARK).touch()


def is_compiled() -> bool:
    """Say whether this process, and any other, finds all kernels compiled."""
    return _KEPT_IN is not None and (_KEPT_IN / _MARK).exists()


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that kernels and entries call; it lives inside their machine code."""
    compiled: Callable[P, R] = numba.njit(function)
    return compiled


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that Python calls, and keep its machine code; it runs without the interpreter's lock."""
    compiled: Callable[P, R] = numba.njit(function, cache=_KEPT_IN is not None, nogil=True)
    return compiled
