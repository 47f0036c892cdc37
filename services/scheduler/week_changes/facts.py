"""What is seen of the weeks of a site."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple


class SeenWeek(NamedTuple):
    """The version of a week, and a number that is another one where its book tells anything else."""

    version: int
    mark: int


Seen = Mapping[date, SeenWeek]
