"""The one place that asks what time it is."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


class Clock:
    """The time, shifted by a constant offset where an installation rehearses another week."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC) + self._offset

    def today(self, zone: ZoneInfo) -> date:
        """Return the present date of a zone."""
        return self.now().astimezone(zone).date()
