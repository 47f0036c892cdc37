"""The refusals of proposals and of going back."""

from collections.abc import Iterable
from datetime import date, datetime

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType
from services.contracts.scheduler.bookings import BrokenRule
from services.contracts.scheduler.timetables import MovedWeek


class TimetableMovedError(ServiceError):
    """The week was published anew since the proposal was made, or If-Match names no version that matters here."""

    problem = ProblemType.STALE_VERSION

    def __init__(self, week: date, moved: MovedWeek) -> None:
        base, current = moved.base_version, moved.current_version
        based = f"The proposal is based on version {base} of the week of {week}"
        super().__init__(
            f"{based}, which is published, and If-Match names another one: send that."
            if base == current
            else f"{based}, and version {current} is published, which moved {moved.count} sessions of patients: solve "
            "the week again.",
            code="timetable-moved",
            members={"moved": moved.model_dump(mode="json")},
        )


class RevertRefusedError(ServiceError):
    """The earlier version does not fit the week as it stands today."""

    problem = ProblemType.TIMETABLE_REFUSED

    def __init__(self, version: int, *, collisions: int, broken_rules: int) -> None:
        super().__init__(
            f"Version {version} no longer fits: {collisions} of its sessions meet commitments known by now, and "
            f"{broken_rules} other rules are broken. Solve the week again.",
            code="revert-refused",
        )


class TelehealthRefusedError(ServiceError):
    """Consent or a licence is missing for sessions by telehealth; says of which sessions, and names nobody."""

    problem = ProblemType.RULES_BROKEN

    def __init__(self, broken: Iterable[tuple[datetime, BrokenRule]]) -> None:
        faults = list(dict.fromkeys((start, rule.code, rule.sentence) for start, rule in broken))
        super().__init__(
            "Nothing was published: errors says what sessions by telehealth lack. Keep the consent or the licence, "
            "reject these changes, or solve the week again.",
            code=faults[0][1],
            errors=tuple(
                InvalidField(location="body", pointer="", detail=f"{start.isoformat()}: {sentence}")
                for start, _, sentence in faults
            ),
        )
