"""Rows of different lengths, put into one array."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def end_to_end(rows: Iterable[Sequence[int] | Ints]) -> tuple[Ints, Ints]:
    """Put rows one after another; row r is list[first[r]:first[r + 1]]."""
    lists = [np.asarray(row, np.int64).reshape(-1) for row in rows]
    first = np.cumsum([0, *(len(row) for row in lists)]).astype(np.int64)
    return first, np.concatenate([*lists, np.zeros(0, np.int64)])
