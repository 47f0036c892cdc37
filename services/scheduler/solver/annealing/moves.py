"""The moves, and whether to keep what they make."""

import numpy as np

from services.scheduler.solver.annealing.boxes import facts_in, week_in
from services.scheduler.solver.annealing.facts import Facts, Ints
from services.scheduler.solver.annealing.meetings import (
    dissolve,
    gather,
    hand_over,
    is_bound,
    likely_offer,
    lure,
    resettle,
    some_meeting,
)
from services.scheduler.solver.annealing.seats import could_join, join, place, replace, seats_of, try_join
from services.scheduler.solver.annealing.week import (
    BROKEN,
    CO,
    COST,
    DAY,
    FIXED,
    MEETING,
    MEMBERS,
    MOST_MEMBERS,
    NONE,
    OFFER,
    PENALTY,
    ROOM,
    SERVICE,
    WRITTEN,
    Week,
    back_to,
    below,
    position_of,
    remove,
)
from services.scheduler.solver.compiled import entry, kernel

INSERT, RELOCATE, MAKE_ROOM, EJECT, SWAP, OPEN, SHIFT, CLOSE, HAND_OVER, LURE, REDO_DAY, REDO = range(12)
NEEDY_TRIES = 8


@kernel
def _somebody(week: Week) -> int:
    """Draw a patient; those who still need something are likelier."""
    patient = 0
    for _ in range(NEEDY_TRIES):
        patient = below(week, len(week.count))
        if week.left[patient].sum() > 0:
            return patient
    return patient


@kernel
def _needed(week: Week, patient: int) -> int:
    services = week.left.shape[1]
    begin = below(week, services)
    for step in range(services):
        service = (begin + step) % services
        if week.left[patient, service] > 0:
            return service
    return NONE


@kernel
def _insert(facts: Facts, week: Week) -> bool:
    patient = _somebody(week)
    service = _needed(week, patient)
    return service >= 0 and place(facts, week, patient, service)


@kernel
def _relocate(facts: Facts, week: Week) -> bool:
    patient = below(week, len(week.count))
    if week.count[patient] == 0:
        return False
    position = below(week, week.count[patient])
    if week.sessions[patient, position, FIXED]:
        return False
    service = week.sessions[patient, position, SERVICE]
    remove(facts, week, patient, position)
    replace(facts, week, patient, service)
    return True


@kernel
def _make_room(facts: Facts, week: Week) -> bool:
    """Clear a day of somebody for a meeting they still need, then place again what was cleared."""
    patient = _somebody(week)
    service = _needed(week, patient)
    if service < 0 or week.open_count[service] == 0:
        return False
    meeting = week.open_list[service, below(week, week.open_count[service])]
    offer = week.meetings[meeting, OFFER]
    held = position_of(week, patient, service, facts.offer_day[offer])
    if not facts.eligible[offer, patient] or (held >= 0 and week.sessions[patient, held, MEETING] == meeting):
        return False
    cleared = _clear_day(facts, week, patient, facts.offer_day[offer])
    if not try_join(facts, week, patient, meeting):
        return False
    _place_all(facts, week, patient, cleared)
    return True


@kernel
def _clear_day(facts: Facts, week: Week, patient: int, day: int) -> int:
    cleared, position = 0, 0
    while position < week.count[patient]:
        session = week.sessions[patient, position]
        if session[DAY] == day and session[FIXED] == 0:
            cleared |= 1 << session[SERVICE]
            remove(facts, week, patient, position)
        else:
            position += 1
    return cleared


@kernel
def _place_all(facts: Facts, week: Week, patient: int, services: int) -> None:
    for service in range(len(facts.service_kind)):
        if (services >> service) & 1:
            replace(facts, week, patient, service)


@kernel
def _redo_day(facts: Facts, week: Week) -> bool:
    """Clear a day of somebody and place again what was cleared."""
    patient = below(week, len(week.count))
    if week.count[patient] == 0:
        return False
    day = week.sessions[patient, below(week, week.count[patient]), DAY]
    _place_all(facts, week, patient, _clear_day(facts, week, patient, day))
    return True


@kernel
def _redo(facts: Facts, week: Week) -> bool:
    """Clear somebody's whole week and place it again, services in a random order."""
    patient = below(week, len(week.count))
    position = 0
    while position < week.count[patient]:
        if week.sessions[patient, position, FIXED] == 0:
            remove(facts, week, patient, position)
        else:
            position += 1
    services = week.left.shape[1]
    begin = below(week, services)
    for step in range(services):
        replace(facts, week, patient, (begin + step) % services)
    return True


@kernel
def _eject(facts: Facts, week: Week) -> bool:
    """Give somebody the seat of another, who finds another."""
    patient = _somebody(week)
    service = _needed(week, patient)
    if service < 0 or week.open_count[service] == 0:
        return False
    meeting = week.open_list[service, below(week, week.open_count[service])]
    size = week.meetings[meeting, MEMBERS]
    if size == 0 or not could_join(facts, week, patient, meeting):
        return False
    other = week.members[meeting, below(week, size)]
    day = facts.offer_day[week.meetings[meeting, OFFER]]
    position = position_of(week, other, service, day)
    if week.sessions[other, position, FIXED]:
        return False
    join(facts, week, patient, meeting)
    remove(facts, week, other, position_of(week, other, service, day))
    if not _could_stay(facts, week, meeting):
        return False
    replace(facts, week, other, service)
    return True


@kernel
def _could_stay(facts: Facts, week: Week, meeting: int) -> bool:
    """Say whether no seat is taken that is not there."""
    row = week.meetings[meeting]
    return bool(row[MEMBERS] <= seats_of(facts, row[OFFER], row[CO], row[ROOM]))


@kernel
def _swap(facts: Facts, week: Week) -> bool:
    """Let two people change meetings of one service."""
    here = some_meeting(week)
    if here < 0:
        return False
    service = facts.offer_service[week.meetings[here, OFFER]]
    there = week.open_list[service, below(week, week.open_count[service])]
    if here == there or week.meetings[here, MEMBERS] == 0 or week.meetings[there, MEMBERS] == 0:
        return False
    one = week.members[here, below(week, week.meetings[here, MEMBERS])]
    other = week.members[there, below(week, week.meetings[there, MEMBERS])]
    if one == other or not facts.eligible[week.meetings[there, OFFER], one]:
        return False
    if not facts.eligible[week.meetings[here, OFFER], other]:
        return False
    if not (_leave(facts, week, one, here) and _leave(facts, week, other, there)):
        return False
    if week.meetings[here, MEMBERS] == 0 or week.meetings[there, MEMBERS] == 0:
        return False
    return try_join(facts, week, one, there) and try_join(facts, week, other, here)


@kernel
def _leave(facts: Facts, week: Week, patient: int, meeting: int) -> bool:
    offer = week.meetings[meeting, OFFER]
    position = position_of(week, patient, facts.offer_service[offer], facts.offer_day[offer])
    if week.sessions[patient, position, FIXED]:
        return False
    remove(facts, week, patient, position)
    return True


@kernel
def _open(facts: Facts, week: Week) -> bool:
    """Open a meeting for people who still need it."""
    patient = _somebody(week)
    service = _needed(week, patient)
    if service < 0:
        return False
    first, last = facts.service_first[service], facts.service_first[service + 1]
    if first == last:
        return False
    offer = likely_offer(facts, week, facts.service_list[first:last])
    return gather(facts, week, offer, np.zeros(0, np.int64), 0)


@kernel
def _shift(facts: Facts, week: Week) -> bool:
    """Close a meeting and open one elsewhere; who cannot come finds another."""
    meeting = some_meeting(week)
    if meeting < 0 or is_bound(week, meeting):
        return False
    offer = week.meetings[meeting, OFFER]
    members = np.empty(MOST_MEMBERS, np.int64)
    count = dissolve(facts, week, meeting, members)
    service = facts.offer_service[offer]
    if not gather(facts, week, _elsewhere(facts, week, offer), members, count):
        return False
    resettle(facts, week, members, count, service)
    return True


@kernel
def _elsewhere(facts: Facts, week: Week, offer: int) -> int:
    """Draw an offer like this one: near in time, of the same family, or of the same service."""
    draw = below(week, 10)
    if draw < 8:
        family = facts.offer_family[offer]
        alike = facts.family_list[facts.family_first[family] : facts.family_first[family + 1]]
        if draw < 4:
            return int(alike[below(week, len(alike))])
        return likely_offer(facts, week, alike)
    service = facts.offer_service[offer]
    return likely_offer(
        facts, week, facts.service_list[facts.service_first[service] : facts.service_first[service + 1]]
    )


@kernel
def _close(facts: Facts, week: Week) -> bool:
    meeting = some_meeting(week)
    if meeting < 0 or is_bound(week, meeting):
        return False
    service = facts.offer_service[week.meetings[meeting, OFFER]]
    members = np.empty(MOST_MEMBERS, np.int64)
    count = dissolve(facts, week, meeting, members)
    resettle(facts, week, members, count, service)
    return True


@kernel
def _lure(facts: Facts, week: Week) -> bool:
    meeting = some_meeting(week)
    if meeting < 0:
        return False
    offer = week.meetings[meeting, OFFER]
    first = facts.people_first[offer]
    patient = facts.people_list[first + below(week, facts.people_first[offer + 1] - first)]
    return lure(facts, week, patient, meeting)


@kernel
def _make(facts: Facts, week: Week, move: int) -> bool:
    if move == INSERT:
        return _insert(facts, week)
    if move == RELOCATE:
        return _relocate(facts, week)
    if move == MAKE_ROOM:
        return _make_room(facts, week)
    if move == EJECT:
        return _eject(facts, week)
    if move == SWAP:
        return _swap(facts, week)
    if move == OPEN:
        return _open(facts, week)
    return _make_large(facts, week, move)


@kernel
def _make_large(facts: Facts, week: Week, move: int) -> bool:
    if move == SHIFT:
        return _shift(facts, week)
    if move == CLOSE:
        return _close(facts, week)
    if move == HAND_OVER:
        meeting = some_meeting(week)
        return meeting >= 0 and not is_bound(week, meeting) and hand_over(facts, week, meeting)
    if move == LURE:
        return _lure(facts, week)
    if move == REDO_DAY:
        return _redo_day(facts, week)
    return _redo(facts, week)


@kernel
def _energy(week: Week) -> int:
    return int(week.total[COST] + week.total[PENALTY])


@kernel
def _is_accepted(week: Week, worse: int, heat: float) -> bool:
    """Metropolis' rule."""
    return worse <= 0 or below(week, 1 << 30) < np.exp(-worse / heat) * (1 << 30)


@kernel
def _step(facts: Facts, week: Week, best: Week, move: int, heat: float) -> bool:
    """Try a move on top of what the journal holds; keep it or take it back."""
    before, mark = _energy(week), week.total[WRITTEN]
    if not _make(facts, week, move) or not _is_accepted(week, _energy(week) - before, heat):
        back_to(facts, week, mark)
        return False
    if week.total[BROKEN] == 0 and week.total[COST] < best.total[COST]:
        copy_week(week, best)
    return True


@entry
def anneal(
    facts_flat: Ints,
    facts_table: Ints,
    week_flat: Ints,
    best_flat: Ints,
    week_table: Ints,
    wheel: Ints,
    moves: int,
    heat: float,
) -> int:
    """Try so many moves at this heat, in half units; keep the best valid week.

    `wheel` holds each move as often as it is to be tried. Returns how many were kept.
    """
    facts = facts_in(facts_flat, facts_table)
    week, best = week_in(week_flat, week_table), week_in(best_flat, week_table)
    kept = 0
    for _ in range(moves):
        week.total[WRITTEN] = 0
        kept += _step(facts, week, best, wheel[below(week, len(wheel))], heat)
    return kept


@kernel
def copy_week(source: Week, target: Week) -> None:
    """Copy who has which sessions."""
    for patient in range(len(source.count)):
        count = source.count[patient]
        target.count[patient] = count
        target.sessions[patient, :count] = source.sessions[patient, :count]
    target.meetings[:] = source.meetings
    target.total[:] = source.total
