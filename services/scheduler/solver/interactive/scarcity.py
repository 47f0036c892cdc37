"""What a free seat is worth to people who are not placed yet, so that it is not given to somebody with other choices.

Who is expected: everybody whose needs of this week are unmet, and newcomers like the people the site has, as many as
stays of twelve weeks bring in each week. Each spreads the sessions they need evenly over the free seats they could
take. A seat is as scarce as it is likely that every seat of its meeting is asked for: requests are independent, so
their number is Poisson, and a seat is worth its expected use, as seats are protected for late passengers (P. Belobaba,
Operations Research 37, 1989). UniTime calls such seats over-expected.
"""

from collections.abc import Mapping, Sequence
from math import exp

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.instance import MODALITIES, ON_SITE, PROCESS_GROUP, Id, Patient
from services.scheduler.solver.interactive.frozen import FrozenWeek, Meeting
from services.scheduler.solver.interactive.slots import covered, stretch

WEEKS_OF_A_STAY = 12
SHARE_OF_UNMET = 0.5
"""A seat that is asked for with certainty is worth half of what leaving the need itself unmet would cost."""

_Table = npt.NDArray[np.float64]
"""By [person, meeting]."""


def seat_prices(week: FrozenWeek, patient: Id) -> Mapping[int, int]:
    """Price a free seat of each meeting, in points of comfort, for placing this patient; what is 0 is left out."""
    meetings = [meeting for meeting in week.meetings if meeting.seats > 0]
    others = [other for other in week.instance.patients if other.id != patient]
    if not meetings or not others:
        return {}
    able = _able(others, meetings)
    newcomers = _requests(able, [other.needs for other in others], meetings) / WEEKS_OF_A_STAY
    missing = [week.missing(other) for other in others]
    rows = [row for row, left in enumerate(missing) if left]
    open_days = [[_is_open(week, others[row], meeting) for meeting in meetings] for row in rows]
    fitting = able[rows] & np.array(open_days, np.bool_).reshape(len(rows), len(meetings))
    waiting = _requests(fitting, [missing[row] for row in rows], meetings)
    worth = SHARE_OF_UNMET * week.instance.weights.unmet
    prices = {
        meeting.number: round(worth * meeting.slots * _at_least(meeting.seats, expected))
        for meeting, expected in zip(meetings, (newcomers + waiting).tolist(), strict=True)
    }
    return {number: price for number, price in prices.items() if price}


def _able(people: Sequence[Patient], meetings: Sequence[Meeting]) -> npt.NDArray[np.bool_]:
    """Say who could attend which meeting: track, language, modality, and no commitment on the way."""
    busy = np.array(
        [[covered(p.commitments, p.travel_slots if m == ON_SITE else 0) for m in MODALITIES] for p in people]
    )
    allowed = np.array([[m in person.modalities for m in MODALITIES] for person in people], np.bool_)
    able = np.zeros((len(people), len(meetings)), np.bool_)
    suits: dict[tuple[str | None, str], npt.NDArray[np.bool_]] = {}
    for column, (_, kind, group, _) in enumerate(meetings):
        track = group.track if kind.service == PROCESS_GROUP else None
        if (track, group.language) not in suits:
            fits = [(track is None or p.track == track) and group.language in p.languages for p in people]
            suits[track, group.language] = np.array(fits, np.bool_)
        modality = MODALITIES.index(group.modality)
        taken = busy[:, modality, group.day] & stretch(group.slot, group.slot + kind.slots)
        able[:, column] = suits[track, group.language] & allowed[:, modality] & (taken == 0)
    return able


def _is_open(week: FrozenWeek, patient: Patient, meeting: Meeting) -> bool:
    """Say whether the meeting goes with what the patient has on its day."""
    group, gap = meeting.group, week.instance.limits.gap_slots
    return not any(
        session.day == group.day
        and (
            session.service == meeting.kind.service
            or session.modality != group.modality
            or (session.slot < group.slot + meeting.slots + gap and group.slot < session.end + gap)
        )
        for session in week.sessions.get(patient.id, ())
    )


def _requests(
    able: npt.NDArray[np.bool_], needs: Sequence[Mapping[str, int]], meetings: Sequence[Meeting]
) -> npt.NDArray[np.float64]:
    """Expected number of these people who ask for a seat of each meeting."""
    expected = np.zeros(len(meetings))
    for service in sorted({meeting.kind.service for meeting in meetings}):
        columns = [column for column, meeting in enumerate(meetings) if meeting.kind.service == service]
        slots = np.array([meetings[column].slots for column in columns])
        need = np.array([left.get(service, 0) for left in needs])
        sessions = need[:, None] // slots
        wanted = able[:, columns] & (sessions > 0)
        choices = np.maximum(1, wanted.sum(axis=1))[:, None]
        expected[columns] = (wanted * np.minimum(1.0, sessions / choices)).sum(axis=0)
    return expected


def _at_least(seats: int, expected: float) -> float:
    """Probability that a Poisson number with this mean is at least so many."""
    term = below = exp(-expected)
    for count in range(1, seats):
        term *= expected / count
        below += term
    return max(0.0, 1.0 - below)
