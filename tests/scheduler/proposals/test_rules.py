"""What a proposal says of a timetable."""

from datetime import date
from zoneinfo import ZoneInfo

from services.contracts.scheduler.timetables import ProposalDiff
from services.scheduler.proposals.rules import diff_of, required_minutes_of, sessions_of, unmet_of
from services.scheduler.weeks import WeekGrid
from tests.scheduler.proposals.conftest import ANN, BEN, CO, LEAD, ROOM, group, instance, timetable, visit


def test_sessions_come_in_order_of_time_with_the_offset_of_their_own_day() -> None:
    # Clocks go back on Sunday, 1 November 2026.
    grid = WeekGrid(ZoneInfo("America/New_York"), date(2026, 10, 26))

    sessions = sessions_of(instance(), timetable(group(6), group(5), visits=(visit(),)), grid)

    assert [(session.start.isoformat(), session.end.isoformat()) for session in sessions] == [
        ("2026-10-26T07:00:00-04:00", "2026-10-26T08:00:00-04:00"),
        ("2026-10-31T09:00:00-04:00", "2026-10-31T12:00:00-04:00"),
        ("2026-11-01T09:00:00-05:00", "2026-11-01T12:00:00-05:00"),
    ]


def test_a_group_seats_what_both_its_room_and_its_kind_allow() -> None:
    grid = WeekGrid(ZoneInfo("America/New_York"), date(2026, 10, 5))
    remote = group(4, modality="telehealth", room=None)

    sessions = sessions_of(instance(), timetable(remote, group(), visits=(visit(),)), grid)

    assert [session.capacity for session in sessions] == [1, 9, 7]
    on_site = sessions[2]
    assert (str(on_site.room_id), str(on_site.practitioner_id), str(on_site.co_facilitator_id)) == (ROOM, LEAD, CO)
    assert [str(patient_id) for patient_id in on_site.patient_ids] == sorted([ANN, BEN])
    assert sessions[1].room_id is None


def test_what_is_missing_is_counted_anew_and_joined_with_the_solver_s_reasons() -> None:
    reasons = [{"code": "no-slot", "sentence": "No free hour with the team."}]
    reported = [{"patient": BEN, "service": "individual", "slots": 99, "reasons": reasons}]

    unmet = unmet_of(instance(), timetable(group(), visits=(visit(),)), reported)

    [requirement] = unmet
    assert (str(requirement.patient_id), requirement.service, requirement.minutes) == (BEN, "individual", 60)
    assert [reason.model_dump() for reason in requirement.reasons] == reasons


def test_needs_are_missing_without_a_timetable_whatever_the_solver_reports() -> None:
    unmet = unmet_of(instance(), timetable(), [])

    assert sum(requirement.minutes for requirement in unmet) == required_minutes_of(instance()) == 480


def test_a_difference_counts_sessions_of_patients() -> None:
    told = {"groups": [group(), group(3)], "individuals": [visit()]}

    diff = diff_of(instance(published=told), timetable(group(), group(4)))

    assert diff == ProposalDiff(added=2, removed=3, kept=2)
