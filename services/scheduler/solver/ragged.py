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


def padded(rows: Sequence[npt.NDArray[np.floating] | Ints], fill: float) -> npt.NDArray[np.float64]:
    """Put rows below each other, the shorter ones filled up: [row, position]."""
    table = np.full((len(rows), max((len(row) for row in rows), default=0)), fill)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return table


def padded_tables(parts: Sequence[Sequence[tuple[int, ...]]], columns: int) -> Ints:
    """Put tables behind each other, the shorter ones filled up with zeros: [table, row, column]."""
    table = np.zeros((len(parts), max((len(part) for part in parts), default=0), columns), np.int64)
    for number, part in enumerate(parts):
        table[number, : len(part)] = np.array(part, np.int64).reshape(-1, columns)
    return table
