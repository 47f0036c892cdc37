"""What fits: a seat in a meeting, or a time for a visit, for one patient."""

import numpy as np

from services.scheduler.solver.annealing.facts import Facts
from services.scheduler.solver.annealing.week import (
    CO,
    DAY,
    FULL_DAY,
    LEAD,
    MEETING,
    MEMBERS,
    NONE,
    OFFER,
    ROOM,
    START,
    Week,
    add,
    below,
    span,
    staff_anew,
)
from services.scheduler.solver.compiled import kernel

NEAR = 70
PRIMARY = 60
VISIT_TRIES = 4


@kernel
def free_run(mask: int, length: int) -> int:
    """Mark where a run of free slots this long starts."""
    runs = mask
    for step in range(1, length):
        runs &= mask >> step
    return runs


@kernel
def any_bit(week: Week, mask: int) -> int:
    """Draw one of the bits that are set in a mask that has some."""
    first = below(week, 60)
    if mask >> first == 0:
        first = 0
    while (mask >> first) & 1 == 0:
        first += 1
    return first


@kernel
def may_work(facts: Facts, week: Week, staff: int, day: int, start: int, length: int) -> bool:
    """Say whether a practitioner on duty has the time and the hours left."""
    return (
        week.staff_busy[staff, day] & span(start, length) == 0
        and week.staff_day[staff, day] + length <= facts.staff_day[staff]
        and week.staff_week[staff] + length <= facts.staff_week[staff]
    )


@kernel
def _nurse_is_near(facts: Facts, week: Week, patient: int, day: int) -> bool:
    for other in range(max(0, day - facts.nurse_apart + 1), min(7, day + facts.nurse_apart)):
        if (week.day_services[patient, other] >> facts.nurse) & 1:
            return True
    return False


@kernel
def day_takes(facts: Facts, week: Week, patient: int, service: int, day: int, length: int, modality: int) -> bool:
    """Say whether the patient's day has room for one more such session, whatever its time."""
    return (
        week.left[patient, service] >= length
        and (week.day_count[patient, day] == 0 or week.day_modality[patient, day] == modality)
        and (week.day_services[patient, day] >> service) & 1 == 0
        and week.day_slots[patient, day] + length <= facts.most_a_day[patient]
        and not (service == facts.nurse and _nurse_is_near(facts, week, patient, day))
    )


@kernel
def waits_too_long(facts: Facts, week: Week, patient: int, day: int, start: int, length: int) -> bool:
    """Say whether the session would make the day's waiting longer than allowed, and longer than it is."""
    if week.day_count[patient, day] == 0:
        return False
    first, last = start, start + length
    for position in range(week.count[patient]):
        session = week.sessions[patient, position]
        if session[DAY] == day:
            first = min(first, session[START])
            last = max(last, session[START] + session[3])
    idle = last - first - week.day_slots[patient, day] - length - week.day_count[patient, day]
    return idle > facts.idle_most + week.day_over[patient, day]


@kernel
def is_clear(facts: Facts, week: Week, patient: int, day: int, start: int, length: int) -> bool:
    """Say whether the patient has no session then, nor within the gap around it."""
    first = max(0, start - facts.gap)
    return week.day_busy[patient, day] & span(first, start + length + facts.gap - first) == 0


@kernel
def has_enemy(facts: Facts, week: Week, patient: int, meeting: int) -> bool:
    """Say whether somebody sits there whom the patient may not meet."""
    for entry in range(facts.enemies_first[patient], facts.enemies_first[patient + 1]):
        enemy = facts.enemies_list[entry]
        for position in range(week.count[enemy]):
            if week.sessions[enemy, position, MEETING] == meeting:
                return True
    return False


@kernel
def seats_of(facts: Facts, offer: int, co: int, room: int) -> int:
    """Return how many members a meeting may have."""
    most = facts.offer_most[offer] if co >= 0 else facts.offer_alone[offer]
    return most if room < 0 else min(most, facts.room_seats[room])


@kernel
def could_join(facts: Facts, week: Week, patient: int, meeting: int) -> bool:
    """Say whether the patient fits into the meeting, its seats aside."""
    offer = week.meetings[meeting, OFFER]
    if not facts.eligible[offer, patient]:
        return False
    day, start, length = facts.offer_day[offer], facts.offer_slot[offer], facts.offer_length[offer]
    return (
        day_takes(facts, week, patient, facts.offer_service[offer], day, length, facts.offer_modality[offer])
        and is_clear(facts, week, patient, day, start, length)
        and not waits_too_long(facts, week, patient, day, start, length)
        and not has_enemy(facts, week, patient, meeting)
    )


@kernel
def get_seat(facts: Facts, week: Week, meeting: int) -> bool:
    """Say whether a seat is free; a co-facilitator is found for one where that helps."""
    row = week.meetings[meeting]
    offer = row[OFFER]
    if row[MEMBERS] < seats_of(facts, offer, row[CO], row[ROOM]):
        return True
    if row[CO] >= 0 or row[MEMBERS] >= seats_of(facts, offer, 0, row[ROOM]):
        return False
    day, start, length = facts.offer_day[offer], facts.offer_slot[offer], facts.offer_length[offer]
    staff = len(facts.staff_day)
    first = below(week, staff)
    for step in range(staff):
        helper = (first + step) % staff
        if facts.assistants[offer, helper] and may_work(facts, week, helper, day, start, length):
            staff_anew(facts, week, meeting, row[LEAD], helper, row[ROOM])
            return True
    return False


@kernel
def join(facts: Facts, week: Week, patient: int, meeting: int) -> None:
    """Seat a patient who fits."""
    offer = week.meetings[meeting, OFFER]
    session = np.empty(8, np.int64)
    session[0], session[1], session[2] = facts.offer_service[offer], facts.offer_day[offer], facts.offer_slot[offer]
    session[3], session[4] = facts.offer_length[offer], facts.offer_modality[offer]
    session[5], session[6], session[7] = meeting, NONE, 0
    add(facts, week, patient, session)


@kernel
def try_join(facts: Facts, week: Week, patient: int, meeting: int) -> bool:
    """Seat the patient if possible."""
    if could_join(facts, week, patient, meeting) and get_seat(facts, week, meeting):
        join(facts, week, patient, meeting)
        return True
    return False


@kernel
def place(facts: Facts, week: Week, patient: int, service: int) -> bool:
    """Give the patient one more session of the service, if one is found."""
    if facts.service_kind[service] > 0:
        return _place_visit(facts, week, patient, service)
    count = week.open_count[service]
    if count == 0:
        return False
    first = below(week, count)
    for step in range(count):
        if try_join(facts, week, patient, week.open_list[service, (first + step) % count]):
            return True
    return False


@kernel
def _place_visit(facts: Facts, week: Week, patient: int, service: int) -> bool:
    length = facts.visit_length[patient, service]
    if length == 0 or week.left[patient, service] < length:
        return False
    for _ in range(VISIT_TRIES):
        staff = NONE
        if facts.service_kind[service] == 1:
            staff = _somebody_for(facts, week, patient, service)
            if staff < 0:
                return False
        day, modality = _some_day(facts, week, patient, service)
        if day < 0 or not day_takes(facts, week, patient, service, day, length, modality):
            continue
        start = _some_start(facts, week, patient, service, day, modality, staff)
        if start >= 0:
            session = np.empty(8, np.int64)
            session[0], session[1], session[2], session[3] = service, day, start, length
            session[4], session[5], session[6], session[7] = modality, NONE, staff, 0
            add(facts, week, patient, session)
            return True
    return False


@kernel
def _somebody_for(facts: Facts, week: Week, patient: int, service: int) -> int:
    first, last = facts.team_first[patient, service]
    if first == last:
        return NONE
    if service == facts.individual and facts.primary[patient] >= 0 and below(week, 100) < PRIMARY:
        primary = facts.primary[patient]
        for entry in range(first, last):
            if facts.team_list[entry] == primary:
                return primary
    return facts.team_list[first + below(week, last - first)]


@kernel
def _some_day(facts: Facts, week: Week, patient: int, service: int) -> tuple[int, int]:
    """Draw a day and a modality; days on which the patient comes anyway are likelier."""
    if week.count[patient] > 0 and below(week, 100) < NEAR:
        session = week.sessions[patient, below(week, week.count[patient])]
        return int(session[1]), int(session[4])
    day, modality = below(week, 7), below(week, 2)
    if week.day_count[patient, day] > 0:
        modality = week.day_modality[patient, day]
    if facts.visit_starts[patient, service, modality, day] == 0:
        return NONE, 0
    return day, modality


@kernel
def _some_start(facts: Facts, week: Week, patient: int, service: int, day: int, modality: int, staff: int) -> int:
    """Draw a start; those that touch another session of the day are likelier."""
    length, busy = facts.visit_length[patient, service], week.day_busy[patient, day]
    starts = facts.visit_starts[patient, service, modality, day]
    if staff >= 0:
        if (
            week.staff_day[staff, day] + length > facts.staff_day[staff]
            or week.staff_week[staff] + length > facts.staff_week[staff]
        ):
            return NONE
        starts &= facts.staff_starts[staff, length, day]
        starts &= free_run(FULL_DAY & ~week.staff_busy[staff, day], length)
    near = 0
    if busy:
        wide = busy
        for step in range(1, facts.gap + 1):
            wide |= (busy << step) | (busy >> step)
        starts &= free_run(FULL_DAY & ~wide, length)
        near = _beside(facts, week, patient, day, length) & starts
    if starts == 0:
        return NONE
    start = any_bit(week, near if near and below(week, 100) < NEAR else starts)
    if waits_too_long(facts, week, patient, day, start, length):
        return NONE
    pool = facts.pool_of[service, modality]
    if pool >= 0:
        for slot in range(day * 60 + start, day * 60 + start + length):
            if week.pool_used[pool, slot] >= facts.pool_stock[pool, slot]:
                return NONE
    return start


@kernel
def _beside(facts: Facts, week: Week, patient: int, day: int, length: int) -> int:
    near = 0
    for position in range(week.count[patient]):
        session = week.sessions[patient, position]
        if session[1] == day:
            after = session[2] + session[3] + facts.gap
            before = session[2] - facts.gap - length
            if after < 60:
                near |= 1 << after
            if before >= 0:
                near |= 1 << before
    return near


@kernel
def replace(facts: Facts, week: Week, patient: int, service: int) -> None:
    """Place the service again and again while that works: one long session may become two short ones."""
    while week.left[patient, service] > 0 and place(facts, week, patient, service):
        pass
