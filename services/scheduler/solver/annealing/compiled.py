"""How the kernels are compiled, and where the machine code is kept between processes."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import numba
from numba import config

P = ParamSpec("P")
R = TypeVar("R")

_FOLDER = Path(__file__).resolve().parent


def _fingerprint() -> str:
    """Name the code that the kernels are made of: a kernel is stale when any module it calls has changed."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(_FOLDER.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


# Beside the code and nowhere else: what is loaded from here is executed.
config.CACHE_DIR = str(_FOLDER / "__pycache__" / _fingerprint())


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that kernels and entries call; it lives inside their machine code."""
    compiled: Callable[P, R] = numba.njit(function)
    return compiled


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that Python calls, and keep its machine code; it runs without the interpreter's lock."""
    compiled: Callable[P, R] = numba.njit(function, cache=True, nogil=True)
    return compiled
