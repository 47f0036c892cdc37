"""A week as arrays that compiled code changes and takes back; its cost is always known.

What a move does is written to a journal; `back_to` undoes it in reverse. Two rules may be broken on
the way and are priced instead: a meeting's smallest size and the longest wait of a day.
"""

from typing import NamedTuple

import numpy as np

from services.scheduler.solver.annealing.costs import cost_of_meeting, kept_seat, kept_visit, session_cost
from services.scheduler.solver.annealing.facts import Facts, Ints
from services.scheduler.solver.compiled import kernel

MOST_SESSIONS = 24
MOST_MEETINGS = 512
MOST_MEMBERS = 32
JOURNAL = 8192

# Columns of a patient's session.
SERVICE, DAY, START, LENGTH, MODALITY, MEETING, STAFF, FIXED = range(8)
# Columns of a meeting.
OFFER, LEAD, CO, ROOM, MEMBERS, BOUND, PLACE = range(7)
# What the journal can say.
ADDED, REMOVED, OPENED, CLOSED, STAFFED = range(5)
# Numbers of the whole week: cost and penalty in half units, broken rules that are priced, length of the journal.
COST, PENALTY, BROKEN, WRITTEN, FREE = range(5)
# What the penalties are now: for too small a meeting in 16ths of its members' need, for a slot of waiting.
SMALL, LONG = range(2)
SIXTEENTHS = 16
FULL_DAY = (1 << 60) - 1
NONE = -1


class Week(NamedTuple):
    """The arrays; all but `total`, `price`, `random` and the journal describe who does what."""

    left: Ints  # [patient, service] slots still needed
    sessions: Ints  # [patient, position, column]
    count: Ints  # type: ignore[assignment] # [patient]; not the tuple's method
    day_count: Ints  # [patient, day]
    day_modality: Ints
    day_services: Ints  # bits
    day_busy: Ints  # mask
    day_slots: Ints
    day_cost: Ints
    day_over: Ints  # slots of waiting above the most
    meetings: Ints  # [meeting, column]
    members: Ints  # [meeting, position]
    open_count: Ints  # [service]
    open_list: Ints  # [service, position]
    free: Ints  # stack of unused meetings
    staff_busy: Ints  # [practitioner, day] mask
    staff_day: Ints  # slots
    staff_week: Ints
    room_busy: Ints  # [room, day] mask
    pool_used: Ints  # [pool, slot of the week]
    total: Ints
    price: Ints
    random: Ints
    journal: Ints


def empty_week(facts: Facts, seed: int) -> Week:
    """Return a week in which nothing takes place yet."""
    people, services = facts.need.shape
    staff, rooms = len(facts.staff_day), len(facts.room_seats)

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, np.int64)

    total = zeros(5)
    total[COST] = facts.cost_unmet * facts.need.sum()
    total[FREE] = MOST_MEETINGS
    return Week(
        left=facts.need.copy(),
        sessions=zeros(people, MOST_SESSIONS, 8),
        count=zeros(people),
        day_count=zeros(people, 7),
        day_modality=zeros(people, 7),
        day_services=zeros(people, 7),
        day_busy=zeros(people, 7),
        day_slots=zeros(people, 7),
        day_cost=zeros(people, 7),
        day_over=zeros(people, 7),
        meetings=np.full((MOST_MEETINGS, 7), NONE, np.int64),
        members=zeros(MOST_MEETINGS, MOST_MEMBERS),
        open_count=zeros(services),
        open_list=zeros(services, MOST_MEETINGS),
        free=np.arange(MOST_MEETINGS, dtype=np.int64),
        staff_busy=zeros(staff, 7),
        staff_day=zeros(staff, 7),
        staff_week=zeros(staff),
        room_busy=zeros(rooms, 7),
        pool_used=zeros(len(facts.pool_stock), 7 * 60),
        total=total,
        price=np.array([SIXTEENTHS, 4 * facts.cost_unmet], np.int64),
        random=np.array([seed * 2_654_435_769 % (1 << 61) + 88_172_645_463_325_252], np.int64),
        journal=zeros(JOURNAL, 9),
    )


@kernel
def below(week: Week, most: int) -> int:
    """Draw a whole number from 0 to most - 1 (xorshift, Marsaglia 2003)."""
    number = week.random[0]
    number ^= (number << 13) & 0x7FFFFFFFFFFFFFFF
    number ^= number >> 7
    number ^= (number << 17) & 0x7FFFFFFFFFFFFFFF
    week.random[0] = number
    return (number >> 11) % most


@kernel
def span(start: int, length: int) -> int:
    """Return the mask of a session."""
    return ((1 << length) - 1) << start


@kernel
def _penalty_of_size(facts: Facts, week: Week, meeting: int) -> int:
    offer, size = week.meetings[meeting, OFFER], week.meetings[meeting, MEMBERS]
    if size >= facts.offer_least[offer]:
        return 0
    return week.price[SMALL] * facts.cost_unmet * facts.offer_length[offer] * size // SIXTEENTHS


@kernel
def _is_small(facts: Facts, week: Week, meeting: int) -> int:
    return 1 if week.meetings[meeting, MEMBERS] < facts.offer_least[week.meetings[meeting, OFFER]] else 0


@kernel
def _resize(facts: Facts, week: Week, meeting: int, size: int) -> None:
    week.total[PENALTY] -= _penalty_of_size(facts, week, meeting)
    week.total[BROKEN] -= _is_small(facts, week, meeting)
    week.meetings[meeting, MEMBERS] = size
    week.total[PENALTY] += _penalty_of_size(facts, week, meeting)
    week.total[BROKEN] += _is_small(facts, week, meeting)


@kernel
def _reprice_day(facts: Facts, week: Week, patient: int, day: int) -> None:
    """Count trip and waiting of a patient's day anew."""
    over, cost = 0, 0
    if week.day_count[patient, day] > 0:
        first, last = 64, 0
        for position in range(week.count[patient]):
            session = week.sessions[patient, position]
            if session[DAY] == day:
                first = min(first, session[START])
                last = max(last, session[START] + session[LENGTH])
        idle = last - first - week.day_slots[patient, day] - (week.day_count[patient, day] - 1)
        over = max(0, idle - facts.idle_most)
        cost = facts.cost_trip[week.day_modality[patient, day]] + facts.cost_idle * idle
    before = week.day_over[patient, day]
    week.total[COST] += cost - week.day_cost[patient, day]
    week.total[PENALTY] += week.price[LONG] * (over - before)
    week.total[BROKEN] += (1 if over else 0) - (1 if before else 0)
    week.day_cost[patient, day] = cost
    week.day_over[patient, day] = over


@kernel
def _kept_seats(facts: Facts, week: Week, meeting: int) -> int:
    row, saved = week.meetings[meeting], 0
    for seat in range(row[MEMBERS]):
        saved += kept_seat(facts, week.members[meeting, seat], row[OFFER], row[LEAD])
    return saved


@kernel
def _write(week: Week, what: int, patient: int, session: Ints) -> None:
    row = week.journal[week.total[WRITTEN]]
    row[0] = what * 65536 + patient
    for column in range(8):
        row[column + 1] = session[column]
    week.total[WRITTEN] += 1


@kernel
def _occupy(facts: Facts, week: Week, session: Ints, sign: int) -> None:
    """Take a visit's practitioner and place, or give them back."""
    day, start, length = session[DAY], session[START], session[LENGTH]
    if session[STAFF] >= 0:
        work(facts, week, session[STAFF], day, start, length, sign)
    pool = facts.pool_of[session[SERVICE], session[MODALITY]]
    if pool >= 0:
        for slot in range(day * 60 + start, day * 60 + start + length):
            week.pool_used[pool, slot] += sign


@kernel
def work(facts: Facts, week: Week, staff: int, day: int, start: int, length: int, sign: int) -> None:
    """Book a practitioner's time, or free it."""
    share = facts.staff_share[staff]
    week.total[COST] -= facts.cost_balance * max(0, week.staff_week[staff] - share)
    week.staff_busy[staff, day] ^= span(start, length)
    week.staff_day[staff, day] += sign * length
    week.staff_week[staff] += sign * length
    week.total[COST] += facts.cost_balance * max(0, week.staff_week[staff] - share)


@kernel
def _put(facts: Facts, week: Week, patient: int, session: Ints) -> None:
    service, day, meeting = session[SERVICE], session[DAY], session[MEETING]
    start, length = session[START], session[LENGTH]
    position = week.count[patient]
    week.sessions[patient, position] = session
    week.count[patient] = position + 1
    week.left[patient, service] -= length
    week.day_count[patient, day] += 1
    week.day_modality[patient, day] = session[MODALITY]
    week.day_services[patient, day] |= 1 << service
    week.day_busy[patient, day] |= span(start, length)
    week.day_slots[patient, day] += length
    week.total[COST] += session_cost(facts, patient, service, day, start, session[STAFF])
    week.total[COST] -= facts.cost_unmet * length
    _reprice_day(facts, week, patient, day)
    if meeting >= 0:
        week.total[COST] -= kept_seat(facts, patient, week.meetings[meeting, OFFER], week.meetings[meeting, LEAD])
        size = week.meetings[meeting, MEMBERS]
        week.members[meeting, size] = patient
        _resize(facts, week, meeting, size + 1)
    else:
        week.total[COST] -= kept_visit(facts, patient, service, day, start)
        _occupy(facts, week, session, 1)


@kernel
def _take(facts: Facts, week: Week, patient: int, position: int) -> None:
    session = week.sessions[patient, position].copy()
    service, day, meeting = session[SERVICE], session[DAY], session[MEETING]
    start, length = session[START], session[LENGTH]
    week.count[patient] -= 1
    week.sessions[patient, position] = week.sessions[patient, week.count[patient]]
    week.left[patient, service] += length
    week.day_count[patient, day] -= 1
    week.day_services[patient, day] ^= 1 << service
    week.day_busy[patient, day] ^= span(start, length)
    week.day_slots[patient, day] -= length
    week.total[COST] -= session_cost(facts, patient, service, day, start, session[STAFF])
    week.total[COST] += facts.cost_unmet * length
    _reprice_day(facts, week, patient, day)
    if meeting >= 0:
        week.total[COST] += kept_seat(facts, patient, week.meetings[meeting, OFFER], week.meetings[meeting, LEAD])
        size = week.meetings[meeting, MEMBERS] - 1
        seat = 0
        while week.members[meeting, seat] != patient:
            seat += 1
        week.members[meeting, seat] = week.members[meeting, size]
        _resize(facts, week, meeting, size)
    else:
        week.total[COST] += kept_visit(facts, patient, service, day, start)
        _occupy(facts, week, session, -1)


@kernel
def position_of(week: Week, patient: int, service: int, day: int) -> int:
    """Find a patient's session by what is unique about it."""
    for position in range(week.count[patient]):
        session = week.sessions[patient, position]
        if session[SERVICE] == service and session[DAY] == day:
            return position
    return NONE


@kernel
def add(facts: Facts, week: Week, patient: int, session: Ints) -> None:
    """Give a patient a session that fits."""
    _put(facts, week, patient, session)
    _write(week, ADDED, patient, session)


@kernel
def remove(facts: Facts, week: Week, patient: int, position: int) -> None:
    """Take a session away from a patient; a meeting without members closes."""
    session = week.sessions[patient, position].copy()
    _take(facts, week, patient, position)
    _write(week, REMOVED, patient, session)
    meeting = session[MEETING]
    if meeting >= 0 and week.meetings[meeting, MEMBERS] == 0 and week.meetings[meeting, BOUND] == 0:
        close_meeting(facts, week, meeting)


@kernel
def _staff_meeting(facts: Facts, week: Week, meeting: int, sign: int) -> None:
    row = week.meetings[meeting]
    offer = row[OFFER]
    day, start, length = facts.offer_day[offer], facts.offer_slot[offer], facts.offer_length[offer]
    week.total[COST] += sign * cost_of_meeting(facts, offer, row[CO])
    work(facts, week, row[LEAD], day, start, length, sign)
    if row[CO] >= 0:
        work(facts, week, row[CO], day, start, length, sign)
    if row[ROOM] >= 0:
        week.room_busy[row[ROOM], day] ^= span(start, length)


@kernel
def _begin(facts: Facts, week: Week, offer: int, lead: int, co: int, room: int) -> int:
    week.total[FREE] -= 1
    meeting = week.free[week.total[FREE]]
    row = week.meetings[meeting]
    row[OFFER], row[LEAD], row[CO], row[ROOM], row[MEMBERS], row[BOUND] = offer, lead, co, room, 0, 0
    service = facts.offer_service[offer]
    row[PLACE] = week.open_count[service]
    week.open_list[service, row[PLACE]] = meeting
    week.open_count[service] += 1
    week.total[BROKEN] += 1
    _staff_meeting(facts, week, meeting, 1)
    return meeting


@kernel
def _end(facts: Facts, week: Week, meeting: int) -> None:
    row = week.meetings[meeting]
    service = facts.offer_service[row[OFFER]]
    week.open_count[service] -= 1
    moved = week.open_list[service, week.open_count[service]]
    week.open_list[service, row[PLACE]] = moved
    week.meetings[moved, PLACE] = row[PLACE]
    week.total[BROKEN] -= 1
    _staff_meeting(facts, week, meeting, -1)
    week.free[week.total[FREE]] = meeting
    week.total[FREE] += 1


@kernel
def _note(week: Week, what: int, meeting: int) -> None:
    row = week.journal[week.total[WRITTEN]]
    row[0] = what * 65536
    row[1] = meeting
    for column in range(4):
        row[column + 2] = week.meetings[meeting, column]
    week.total[WRITTEN] += 1


@kernel
def open_meeting(facts: Facts, week: Week, offer: int, lead: int, co: int, room: int) -> int:
    """Open a meeting without members and return its number."""
    meeting = _begin(facts, week, offer, lead, co, room)
    _note(week, OPENED, meeting)
    return meeting


@kernel
def close_meeting(facts: Facts, week: Week, meeting: int) -> None:
    """Close a meeting that has no members."""
    _note(week, CLOSED, meeting)
    _end(facts, week, meeting)


@kernel
def staff_anew(facts: Facts, week: Week, meeting: int, lead: int, co: int, room: int) -> None:
    """Change who holds a meeting and where."""
    _note(week, STAFFED, meeting)
    _restaff(facts, week, meeting, lead, co, room)


@kernel
def _restaff(facts: Facts, week: Week, meeting: int, lead: int, co: int, room: int) -> None:
    _staff_meeting(facts, week, meeting, -1)
    week.total[COST] += _kept_seats(facts, week, meeting)
    row = week.meetings[meeting]
    row[LEAD], row[CO], row[ROOM] = lead, co, room
    week.total[COST] -= _kept_seats(facts, week, meeting)
    _staff_meeting(facts, week, meeting, 1)


@kernel
def back_to(facts: Facts, week: Week, mark: int) -> None:
    """Undo everything since the journal had this length."""
    while week.total[WRITTEN] > mark:
        week.total[WRITTEN] -= 1
        row = week.journal[week.total[WRITTEN]]
        what, patient = row[0] >> 16, row[0] & 65535
        if what == ADDED:
            _take(facts, week, patient, position_of(week, patient, row[1 + SERVICE], row[1 + DAY]))
        elif what == REMOVED:
            session = np.empty(8, np.int64)
            for column in range(8):
                session[column] = row[column + 1]
            _put(facts, week, patient, session)
        elif what == OPENED:
            _end(facts, week, row[1])
        elif what == CLOSED:
            _begin(facts, week, row[2], row[3], row[4], row[5])
        else:
            _restaff(facts, week, row[1], row[3], row[4], row[5])
