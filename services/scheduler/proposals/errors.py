"""The refusals of proposals and of going back."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType
from services.contracts.scheduler.publications import RefusedChange
from services.contracts.scheduler.timetables import MovedWeek
from services.scheduler.proposals.facts import Place, TelehealthFault


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


class SiteChangedMeanwhileError(ServiceError):
    """Somebody changed what the week was checked against, at this very moment."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "The setup of the site, or what is missing from this week, was changed at this moment, and nothing was "
            "published: publish again, and the week is checked anew.",
            code="site-changed",
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


_REMEDIES: Final = {
    "telehealth-not-consented": "keep the patient's consent in the plan, with a day by then",
    "jurisdiction-unknown": "write in the plan where the patient is during telehealth",
    "modality-not-planned": "let the plan allow telehealth",
    "practitioner-not-licensed": "keep the practitioner's licence for that place and day",
    "practitioner-missing": "plan somebody who holds the session",
    "service-needs-presence": "plan it on site",
}


class TelehealthRefusedError(ServiceError):
    """Consent or a licence is missing for sessions by telehealth; says of which sessions, and names nobody."""

    problem = ProblemType.RULES_BROKEN

    def __init__(self, faults: Sequence[TelehealthFault], numbers: Mapping[Place, int]) -> None:
        """Take what is missing, and the numbers of the changes of the proposal; none where a version comes again."""
        refused = [
            RefusedChange(
                number=numbers[fault.place],
                start=fault.place.start,
                code=fault.rule.code,
                sentence=fault.rule.sentence,
                remedy=f"{_REMEDIES[fault.rule.code]}, or reject the change",
            )
            for fault in faults
            if fault.place in numbers
        ]
        told = dict.fromkeys((fault.place.start, fault.rule.sentence, _REMEDIES[fault.rule.code]) for fault in faults)
        super().__init__(
            "Nothing was published: errors says what sessions by telehealth lack, and refused_changes which changes "
            "they are. Do what the remedies say, reject these changes, or solve the week again.",
            code=faults[0].rule.code,
            errors=tuple(
                InvalidField(location="body", pointer="", detail=f"{start.isoformat()}: {sentence}: {remedy}")
                for start, sentence, remedy in told
            ),
            members={"refused_changes": [one.model_dump(mode="json") for one in refused]},
        )
