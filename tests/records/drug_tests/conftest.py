"""Drug tests begin with a draw: the fixtures of the subject that draws."""

from tests.records.draw_programmes.conftest import at, new_programme

__all__ = ["at", "new_programme"]
