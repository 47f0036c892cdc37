"""Opening, closing and moving whole meetings, and finding their members another place."""

import numpy as np

from services.scheduler.solver.annealing.facts import Facts, Ints
from services.scheduler.solver.annealing.seats import (
    could_join,
    get_seat,
    is_clear,
    join,
    may_work,
    place,
    replace,
    seats_of,
    try_join,
)
from services.scheduler.solver.annealing.week import (
    BOUND,
    CO,
    DAY,
    FIXED,
    LEAD,
    LENGTH,
    MEETING,
    MEMBERS,
    NONE,
    OFFER,
    ROOM,
    SERVICE,
    STAFF,
    START,
    WRITTEN,
    Week,
    back_to,
    below,
    open_meeting,
    position_of,
    remove,
    span,
    staff_anew,
)
from services.scheduler.solver.compiled import kernel

OFFERS_WEIGHED = 4
MOST_EVICTED = 16
EVICTING = 50


@kernel
def some_meeting(week: Week) -> int:
    """Draw an open meeting, each as likely as any other."""
    total = week.open_count.sum()
    if total == 0:
        return NONE
    number = below(week, total)
    service = 0
    while number >= week.open_count[service]:
        number -= week.open_count[service]
        service += 1
    return int(week.open_list[service, number])


@kernel
def likely_offer(facts: Facts, week: Week, offers: Ints) -> int:
    """Of a few offers, take the one that most people who still need it could come to."""
    best, most = NONE, -1
    for _ in range(OFFERS_WEIGHED):
        offer = offers[below(week, len(offers))]
        service, length, count = facts.offer_service[offer], facts.offer_length[offer], 0
        for entry in range(facts.people_first[offer], facts.people_first[offer + 1]):
            if week.left[facts.people_list[entry], service] >= length:
                count += 1
        if count * length > most:
            best, most = offer, count * length
    return int(best)


@kernel
def some_leader(facts: Facts, week: Week, offer: int) -> int:
    """Draw somebody who is free to lead the meeting."""
    first = facts.leaders_first[offer]
    count = facts.leaders_first[offer + 1] - first
    day, start, length = facts.offer_day[offer], facts.offer_slot[offer], facts.offer_length[offer]
    begin = below(week, count)
    for step in range(count):
        leader = facts.leaders_list[first + (begin + step) % count]
        if may_work(facts, week, leader, day, start, length):
            return int(leader)
    return NONE


@kernel
def some_room(facts: Facts, week: Week, offer: int) -> int:
    """Draw a free room; NONE where there is no such."""
    rooms, day = len(facts.room_seats), facts.offer_day[offer]
    when = span(facts.offer_slot[offer], facts.offer_length[offer])
    begin = below(week, rooms) if rooms else 0
    for step in range(rooms):
        room = (begin + step) % rooms
        if week.room_busy[room, day] & when == 0 and facts.room_seats[room] >= facts.offer_least[offer]:
            return int(room)
    return NONE


@kernel
def evict_visits(facts: Facts, week: Week, offer: int, evicted: Ints) -> int:
    """Free a leader whose only work at that time is visits; return who, with (patient, service) in `evicted`.

    The first entry of `evicted` says how many there are.
    """
    first = facts.leaders_first[offer]
    count = facts.leaders_first[offer + 1] - first
    day, start, length = facts.offer_day[offer], facts.offer_slot[offer], facts.offer_length[offer]
    leader = facts.leaders_list[first + below(week, count)]
    when = span(start, length)
    evicted[0] = 0
    for patient in range(len(week.count)):
        position = 0
        while position < week.count[patient]:
            session = week.sessions[patient, position]
            if (
                session[STAFF] == leader
                and session[DAY] == day
                and session[FIXED] == 0
                and evicted[0] < MOST_EVICTED
                and span(session[START], session[LENGTH]) & when
            ):
                evicted[1 + 2 * evicted[0]], evicted[2 + 2 * evicted[0]] = patient, session[SERVICE]
                evicted[0] += 1
                remove(facts, week, patient, position)
            else:
                position += 1
    return int(leader) if may_work(facts, week, leader, day, start, length) else NONE


@kernel
def gather(facts: Facts, week: Week, offer: int, wanted: Ints, wanted_count: int) -> bool:
    """Open a meeting with those wanted first, then others who need it, then some from other meetings."""
    evicted = np.zeros(1 + 2 * MOST_EVICTED, np.int64)
    leader = some_leader(facts, week, offer)
    if leader < 0 and below(week, 100) < EVICTING:
        leader = evict_visits(facts, week, offer, evicted)
    if leader < 0:
        return False
    room = NONE
    if facts.offer_modality[offer] == 0:
        room = some_room(facts, week, offer)
        if room < 0:
            return False
    meeting = open_meeting(facts, week, offer, leader, NONE, room)
    for entry in range(wanted_count):
        admit(facts, week, wanted[entry], meeting)
    _fill(facts, week, meeting)
    if week.meetings[meeting, MEMBERS] < facts.offer_least[offer]:
        _entice(facts, week, meeting)
    if week.meetings[meeting, MEMBERS] == 0:
        return False
    for entry in range(evicted[0]):
        place(facts, week, evicted[1 + 2 * entry], evicted[2 + 2 * entry])
    return True


@kernel
def _fill(facts: Facts, week: Week, meeting: int) -> None:
    offer = week.meetings[meeting, OFFER]
    service, length = facts.offer_service[offer], facts.offer_length[offer]
    first = facts.people_first[offer]
    count = facts.people_first[offer + 1] - first
    begin = below(week, count)
    for step in range(count):
        patient = facts.people_list[first + (begin + step) % count]
        if week.left[patient, service] >= length:
            admit(facts, week, patient, meeting)


@kernel
def admit(facts: Facts, week: Week, patient: int, meeting: int) -> bool:
    """Seat the patient, for which visits of the day may give way and find another time."""
    if try_join(facts, week, patient, meeting):
        return True
    row = week.meetings[meeting]
    offer = row[OFFER]
    if not facts.eligible[offer, patient] or row[MEMBERS] >= seats_of(facts, offer, row[CO], row[ROOM]):
        return False
    mark = week.total[WRITTEN]
    moved = _clear_visits(facts, week, patient, facts.offer_day[offer])
    if moved and try_join(facts, week, patient, meeting):
        for service in range(len(facts.service_kind)):
            if (moved >> service) & 1:
                place(facts, week, patient, service)
        return True
    back_to(facts, week, mark)
    return False


@kernel
def _clear_visits(facts: Facts, week: Week, patient: int, day: int) -> int:
    moved, position = 0, 0
    while position < week.count[patient]:
        session = week.sessions[patient, position]
        if session[DAY] == day and session[MEETING] < 0 and session[FIXED] == 0:
            moved |= 1 << session[SERVICE]
            remove(facts, week, patient, position)
        else:
            position += 1
    return moved


@kernel
def _entice(facts: Facts, week: Week, meeting: int) -> None:
    """Bring the meeting to its smallest size with people from other meetings of the service."""
    offer = week.meetings[meeting, OFFER]
    first = facts.people_first[offer]
    count = facts.people_first[offer + 1] - first
    begin = below(week, count)
    for step in range(count):
        if week.meetings[meeting, MEMBERS] >= facts.offer_least[offer]:
            return
        lure(facts, week, facts.people_list[first + (begin + step) % count], meeting)


@kernel
def lure(facts: Facts, week: Week, patient: int, meeting: int) -> bool:
    """Move the patient from another meeting of the service to this one, or leave everything as it is."""
    offer = week.meetings[meeting, OFFER]
    service, day = facts.offer_service[offer], facts.offer_day[offer]
    start, length = facts.offer_slot[offer], facts.offer_length[offer]
    same_day = position_of(week, patient, service, day)
    if same_day < 0 and not is_clear(facts, week, patient, day, start, length):
        return False
    mark = week.total[WRITTEN]
    tries = 0
    while week.left[patient, service] < length or position_of(week, patient, service, day) >= 0:
        position = position_of(week, patient, service, day)
        if position < 0:
            position = _some_session_of(week, patient, service)
        tries += 1
        if position < 0 or tries > 2 or _must_stay(facts, week, patient, position, meeting):
            back_to(facts, week, mark)
            return False
        remove(facts, week, patient, position)
    if could_join(facts, week, patient, meeting) and get_seat(facts, week, meeting):
        join(facts, week, patient, meeting)
        replace(facts, week, patient, service)
        return True
    back_to(facts, week, mark)
    return False


@kernel
def _must_stay(facts: Facts, week: Week, patient: int, position: int, wanted: int) -> bool:
    """A meeting is not to become too small for another's sake."""
    session = week.sessions[patient, position]
    meeting = session[MEETING]
    if session[FIXED] or meeting < 0 or meeting == wanted:
        return True
    return bool(week.meetings[meeting, MEMBERS] <= facts.offer_least[week.meetings[meeting, OFFER]])


@kernel
def _some_session_of(week: Week, patient: int, service: int) -> int:
    count = week.count[patient]
    begin = below(week, count) if count else 0
    for step in range(count):
        position = (begin + step) % count
        if week.sessions[patient, position, SERVICE] == service:
            return position
    return NONE


@kernel
def dissolve(facts: Facts, week: Week, meeting: int, members: Ints) -> int:
    """Close a meeting that may close and list who was in it; return how many."""
    count = week.meetings[meeting, MEMBERS]
    members[:count] = week.members[meeting, :count]
    offer = week.meetings[meeting, OFFER]
    service, day = facts.offer_service[offer], facts.offer_day[offer]
    for entry in range(count):
        patient = members[entry]
        remove(facts, week, patient, position_of(week, patient, service, day))
    return int(count)


@kernel
def is_bound(week: Week, meeting: int) -> bool:
    """Say whether the meeting must stay."""
    return bool(week.meetings[meeting, BOUND] != 0)


@kernel
def resettle(facts: Facts, week: Week, members: Ints, count: int, service: int) -> None:
    """Let those who lost their meeting find another."""
    for entry in range(count):
        if week.left[members[entry], service] > 0:
            replace(facts, week, members[entry], service)


@kernel
def hand_over(facts: Facts, week: Week, meeting: int) -> bool:
    """Let somebody else lead, or end a co-facilitation that is not needed, or change the room."""
    row = week.meetings[meeting]
    offer, lead, co, room = row[OFFER], row[LEAD], row[CO], row[ROOM]
    if co >= 0 and row[MEMBERS] <= facts.offer_alone[offer]:
        staff_anew(facts, week, meeting, lead, NONE, room)
        return True
    if room >= 0 and below(week, 100) < EVICTING:
        other = some_room(facts, week, offer)
        if other < 0 or row[MEMBERS] > seats_of(facts, offer, co, other):
            return False
        staff_anew(facts, week, meeting, lead, co, other)
        return True
    leader = some_leader(facts, week, offer)
    if leader < 0 or leader == co:
        return False
    staff_anew(facts, week, meeting, leader, co, room)
    return True
