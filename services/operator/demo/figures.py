"""What the demo reports, computed from what the API gives back after publishing."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from services.contracts.scheduler.timetables import Appointment, Timetable


def figures(timetable: Timetable, appointments: Sequence[Appointment]) -> dict[str, Any]:
    """Return the figures of a published week; minutes, sessions counted a patient."""
    reasons: Counter[str] = Counter()
    for unmet in timetable.unmet:
        reasons.update({reason.code for reason in unmet.reasons})
    unmet_minutes = sum(unmet.minutes for unmet in timetable.unmet)
    return {
        "patients": timetable.patients,
        "fully_served": timetable.fully_served,
        "required_minutes": timetable.required_minutes,
        "delivered_minutes": timetable.required_minutes - unmet_minutes,
        "unmet_minutes": unmet_minutes,
        "unmet_reasons": dict(sorted(reasons.items())),
        "groups": sum(one.service.is_group for one in appointments),
        "sessions": sum(len(one.patient_ids) for one in appointments),
        "objective": timetable.objective,
        "bound": timetable.bound,
        "gap": timetable.gap,
        "version": timetable.version,
        "checker": timetable.checker.model_dump(mode="json"),
    }
