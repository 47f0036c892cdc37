"""What is counted of a year."""

from typing import Final, NamedTuple


class Count(NamedTuple):
    """How many stays, and of how many patients: one who comes again and again is one patient."""

    stays: int
    patients: int


NONE: Final = Count(0, 0)
