"""What an untrusted document may cost."""

from dataclasses import dataclass

from services.scheduler.commitments.ical.errors import RecurrenceBombError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on one document; each is refused or warned about, never passed silently.

    Attributes:
        document_bytes: Size of the document.
        lines: Physical lines of the document.
        components: Components of any kind.
        events: Events, free/busy components, and availabilities with the times within them.
        dates: Dates listed by RDATE, EXDATE and FREEBUSY together.
        depth: Components inside each other.
        rule_characters: Length of one recurrence rule.
        rules: Recurrence rules of one event.
        repeating: Recurrence rules of the document.
        count: The largest COUNT; no honest series repeats more often.
        occurrences: Starts of one series within the horizon.
        work: Candidate starts looked at over the whole document; an honest year has not 150 of them a day.
        warnings: Warnings kept; the last then says that there were more.
    """

    document_bytes: int = 4 * 1024 * 1024
    lines: int = 200_000
    components: int = 30_000
    events: int = 10_000
    dates: int = 20_000
    depth: int = 16
    rule_characters: int = 8_192
    rules: int = 16
    repeating: int = 1_500
    count: int = 100_000
    occurrences: int = 5_000
    work: int = 60_000
    warnings: int = 100


DEFAULT_LIMITS = Limits()


class Budget:
    """The work a document has left.

    Work is paid for before it is done, so a bomb is refused before it costs anything.
    """

    def __init__(self, limits: Limits) -> None:
        self._work = limits.work
        self._per_series = limits.occurrences
        self._occurrences = limits.occurrences
        self._line: int | None = None

    def open_series(self, line: int) -> None:
        """Start counting the occurrences of the series on this line."""
        self._line = line
        self._occurrences = self._per_series

    def spend(self, units: int) -> None:
        """Pay for looking at candidate starts.

        Raises:
            RecurrenceBombError: If the document has no work left.
        """
        self._work -= units
        if self._work < 0:
            raise RecurrenceBombError(self._line)

    def take(self, occurrences: int) -> None:
        """Pay for occurrences of the open series.

        Raises:
            RecurrenceBombError: If the series occurs too often, or no work is left.
        """
        self._occurrences -= occurrences
        if self._occurrences < 0:
            raise RecurrenceBombError(self._line)
        self.spend(occurrences)
