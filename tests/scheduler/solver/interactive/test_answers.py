"""Explanations: facts that cannot be fewer, relaxations that work and are the cheapest, and nobody else in them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.solver.check import check
from services.scheduler.solver.instance import DAYS, SLOTS_A_DAY, Instance, Interval, Patient, Timetable
from services.scheduler.solver.interactive import facts as f
from services.scheduler.solver.interactive.answers import WhyUnplaced, Wish, why_here, why_not, why_unplaced
from services.scheduler.solver.interactive.candidates import Asking, Candidates
from services.scheduler.solver.interactive.conflicts import Conflict
from services.scheduler.solver.interactive.facts import Fact
from services.scheduler.solver.interactive.frozen import FrozenWeek, Work
from services.scheduler.solver.interactive.place import place, taking
from services.scheduler.solver.interactive.relaxed import granted
from tests.scheduler.solver.interactive.conftest import (
    NEWCOMER,
    Case,
    all_visits,
    case_of,
    cases,
    newcomers_goals,
    placed,
    small_document,
)

WHOLE_WEEK = tuple(Interval(day, 0, SLOTS_A_DAY) for day in range(DAYS))


def with_best(case: Case) -> tuple[FrozenWeek, list[WhyUnplaced]]:
    """The week with the newcomer in it as well as can be, and why the rest stays unmet."""
    week = FrozenWeek(case.instance, case.timetable)
    return taking(week, case.newcomer, place(week, case.newcomer, count=1)[0]), list(why_unplaced(week, case.newcomer))


class Lifting:
    """The oracle: a week in which only some of the facts against a service hold, told apart by editing the week."""

    def __init__(self, week: FrozenWeek, patient: Patient, service: str) -> None:
        self._week = week
        self._patient = patient
        self._service = service

    def _needs(self, facts: list[Fact]) -> Counter[str]:
        """What stays of the patient's week, and the service in question: sessions given up are needed no more."""
        given_up = {fact.day for fact in facts if fact.code == f.OWN_SESSIONS}
        needs = Counter({self._service: self._week.missing(self._patient)[self._service]})
        for session in self._week.sessions[self._patient.id]:
            if session.service == self._service or session.day not in given_up:
                needs[session.service] += session.slots
        return needs

    def unmet(self, lifted: Iterable[Fact]) -> int:
        facts = list(lifted)
        patient = replace(self._free(facts), needs=self._needs(facts))
        instance = self._opened(facts)
        patients = tuple(patient if other.id == patient.id else other for other in instance.patients)
        week = FrozenWeek(replace(instance, patients=patients), self._timetable(facts), self._seats(facts))
        for fact in facts:
            if fact.code == f.PRACTITIONER_BOOKED and fact.practitioner is not None:
                week.work[fact.practitioner] = Work([0] * DAYS)
        return place(week, patient, count=1)[0].unmet.get(self._service, 0)

    def _free(self, facts: list[Fact]) -> Patient:
        numbers = {fact.number for fact in facts if fact.code == f.COMMITMENT}
        codes = {fact.code for fact in facts}
        kept = tuple(busy for number, busy in enumerate(self._patient.commitments) if number not in numbers)
        modalities = {m for m in ("on_site", "telehealth") for fact in facts if _is_about(fact, m)}
        return replace(
            self._patient,
            commitments=kept,
            modalities=self._patient.modalities | modalities,
            languages=frozenset(self._week.instance.languages) if f.LANGUAGE in codes else self._patient.languages,
            family_available=WHOLE_WEEK if f.FAMILY_HOURS in codes else self._patient.family_available,
        )

    def _opened(self, facts: list[Fact]) -> Instance:
        instance, codes = self._week.instance, {fact.code for fact in facts}
        off = {fact.practitioner for fact in facts if fact.code == f.PRACTITIONER_OFF}
        booked = {fact.practitioner for fact in facts if fact.code == f.PRACTITIONER_BOOKED}
        staff = tuple(
            replace(
                person,
                shifts=WHOLE_WEEK if person.id in off else person.shifts,
                breaks=() if person.id in off else person.breaks,
                max_slots_day=60 if person.id in booked else person.max_slots_day,
                max_slots_week=420 if person.id in booked else person.max_slots_week,
            )
            for person in instance.practitioners
        )
        if f.PLACES_TAKEN in codes:
            instance = replace(instance, offices=99, family_rooms=99)
        if f.NOBODY_ON_DUTY in codes:
            instance = replace(instance, medication_pool=(9,) * 420, nurse_pool=(9,) * 420)
        if f.SITE_CLOSED in codes:
            instance = replace(instance, site_open=WHOLE_WEEK)
        return replace(instance, practitioners=staff)

    def _seats(self, facts: list[Fact]) -> dict[int, int]:
        more = {fact.meeting for fact in facts if fact.code == f.SEATS_TAKEN}
        return {meeting.number: meeting.seats + (meeting.number in more) for meeting in self._week.meetings}

    def _timetable(self, facts: list[Fact]) -> Timetable:
        given_up = {fact.day for fact in facts if fact.code == f.OWN_SESSIONS}
        apart = {fact.meeting for fact in facts if fact.code == f.SEATING_RULE}
        gone = self._week.enemies[self._patient.id]
        groups = []
        for number, group in enumerate(self._week.timetable.groups):
            service = self._week.instance.kinds[group.kind].service
            leaves = group.day in given_up and service != self._service
            out = ({NEWCOMER} if leaves else set()) | (gone if number in apart else set())
            groups.append(replace(group, members=tuple(member for member in group.members if member not in out)))
        visits = tuple(
            visit
            for visit in self._week.timetable.visits
            if visit.patient != NEWCOMER or visit.day not in given_up or visit.service == self._service
        )
        return Timetable(tuple(groups), visits)


def _is_about(fact: Fact, modality: str) -> bool:
    return fact.code == f.MODALITY and fact.sentence.endswith(modality.replace("_", " "))


@given(cases())
@settings(max_examples=20, deadline=None)
def test_the_facts_keep_the_need_unmet_and_without_any_one_of_them_it_could_be_met(case: Case) -> None:
    week, reasons = with_best(case)
    for reason in reasons:
        candidates = Candidates(week, case.newcomer, reason.service)
        reachable = reason.slots - Conflict(candidates, reason.slots).most()
        facts = [fact for fact in reason.facts if fact.code != f.TOO_FEW_OFFERED]
        oracle = Lifting(week, case.newcomer, reason.service)
        if not facts or any(fact.code == f.DAY_LENGTH for fact in candidates.facts):
            continue

        assert oracle.unmet(set(candidates.facts) - set(facts)) > reachable
        for fact in facts:
            assert oracle.unmet({*candidates.facts} - {*facts} | {fact}) == reachable, fact


@given(cases())
@settings(max_examples=20, deadline=None)
def test_what_is_asked_for_meets_the_need_once_granted(case: Case) -> None:
    week, reasons = with_best(case)
    for reason in reasons:
        for relaxation in reason.relaxations:
            after, newcomer = granted(week, case.newcomer, relaxation.asks, reason.service)
            best = place(after, newcomer, count=1)[0]
            full = taking(after, newcomer, best)

            met = sum(candidate.session.slots for candidate in relaxation.sessions)
            assert best.parts.unmet <= sum(week.missing(case.newcomer).values()) - met
            before = check(after.instance, after.timetable).errors
            extra = set(check(full.instance, full.timetable).errors) - set(before)
            # The seat that was asked for is the only thing the week does not have yet.
            assert all("co-facilitator" in error or "size" in error or "room" in error for error in extra)


def _every_way(candidates: Candidates, slots: int, apart: int) -> Iterator[int]:
    """Brute force: the effort of every choice of sessions that meets as much as can be met."""
    asking = Asking(candidates)
    priced = [(one.session, set(asks)) for one in candidates.all if (asks := asking.asks(one)) is not None]
    for size in range(1, 3):
        for chosen in combinations(priced, size):
            days = sorted(session.day for session, _ in chosen)
            are_apart = all(later - earlier >= apart for earlier, later in pairwise(days))
            if are_apart and sum(session.slots for session, _ in chosen) == slots:
                yield sum(ask.effort for ask in set().union(*(asks for _, asks in chosen)))


@given(cases())
@settings(max_examples=25, deadline=None)
def test_the_first_relaxation_is_the_cheapest_of_all(case: Case) -> None:
    week, reasons = with_best(case)
    for reason in reasons:
        candidates = Candidates(week, case.newcomer, reason.service)
        conflict = Conflict(candidates, reason.slots)
        efforts = [relaxation.effort for relaxation in conflict.relaxations()]
        apart = case.instance.limits.nurse_days_apart if reason.service == "nurse_visit" else 1
        target = conflict.most()
        if target and target <= 2 * max(candidate.session.slots for candidate in candidates.all):
            assert efforts == sorted(efforts)
            assert efforts[:1] == sorted(_every_way(candidates, target, apart))[:1]


@given(cases(), st.integers(0, 2), st.integers(8, 34), st.sampled_from(["process_group", "skills_group", "individual"]))
@settings(max_examples=20, deadline=None)
def test_a_wish_is_refused_exactly_when_the_session_breaks_a_rule(
    case: Case, day: int, slot: int, service: str
) -> None:
    week = FrozenWeek(case.instance, case.timetable)
    if not case.newcomer.needs.get(service):
        return
    groups = [
        ((number,), ())
        for number, group in enumerate(case.timetable.groups)
        if (group.day, group.slot, case.instance.kinds[group.kind].service) == (day, slot, service)
    ]
    visits = [
        ((), (visit,)) for visit in all_visits(case) if (visit.day, visit.slot, visit.service) == (day, slot, service)
    ]
    faults = set(check(case.instance, case.timetable).errors)
    possible = any(
        set(check(case.instance, placed(case, joins, visit)).errors) <= faults for joins, visit in [*groups, *visits]
    )

    answer = why_not(week, case.newcomer, Wish(service, day, slot))

    assert bool(answer.facts) is not possible
    if answer.instead is not None:
        chosen = answer.instead.alternative
        assert any((s.service, s.day, s.slot) == (service, day, slot) for s in chosen.sessions)
        nothing = sum(case.newcomer.needs.values())
        assert answer.instead.difference.unmet == chosen.parts.unmet - nothing


@given(cases())
@settings(max_examples=20, deadline=None)
def test_what_somebody_has_is_compared_with_the_next_best_weeks(case: Case) -> None:
    week = FrozenWeek(case.instance, case.timetable)
    first = place(week, case.newcomer, count=1)[0]
    present = taking(week, case.newcomer, first)

    why = why_here(present, case.newcomer)

    assert why.parts == first.parts
    assert why.sessions == first.sessions
    assert len(why.others) <= 3
    for other in why.others:
        assert other.alternative.sessions != why.sessions
        assert other.alternative.parts - why.parts == other.difference
        newcomers_goals(case, placed(case, other.alternative.joins, other.alternative.visits))


@given(cases())
@settings(max_examples=20, deadline=None)
def test_nothing_is_said_of_another_patient(case: Case) -> None:
    _, reasons = with_best(case)
    told = [fact.sentence for reason in reasons for fact in reason.facts]
    told += [ask.sentence for reason in reasons for relaxation in reason.relaxations for ask in relaxation.asks]
    assert not any("other-" in sentence or "contact" in sentence for sentence in told)


def test_a_seating_rule_is_a_fact_and_never_something_to_ask_away() -> None:
    case = next(
        case
        for case in map(case_of, map(small_document, range(300)))
        if case.instance.no_contact and any("other-0" in group.members for group in case.timetable.groups)
    )
    group = next(group for group in case.timetable.groups if "other-0" in group.members)
    newcomer = replace(
        case.newcomer,
        commitments=(),
        modalities=frozenset({"on_site", "telehealth"}),
        languages=frozenset(case.instance.languages),
        track=group.track or case.newcomer.track,
        needs={case.instance.kinds[group.kind].service: case.instance.kinds[group.kind].slots},
    )
    instance = replace(case.instance, patients=(*case.instance.patients[:-1], newcomer))
    week = FrozenWeek(instance, Timetable((group,)), {0: 1})
    wish = Wish(instance.kinds[group.kind].service, group.day, group.slot)

    answer = why_not(week, newcomer, wish)

    assert [fact.code for fact in answer.facts] == [f.SEATING_RULE]
    assert answer.relaxations == ()


@pytest.mark.parametrize(("needs", "words"), [({}, "requires no"), ({"skills_group": 1}, "has room for")])
def test_a_session_the_plan_has_no_place_for_is_said_to_be_so(needs: dict[str, int], words: str) -> None:
    case = case_of(small_document(3))
    newcomer = replace(case.newcomer, needs=needs)

    answer = why_not(FrozenWeek(case.instance, case.timetable), newcomer, Wish("skills_group", 0, 8))

    assert [words in fact.sentence for fact in answer.facts] == [True]
