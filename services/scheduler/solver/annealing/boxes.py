"""How kernels see facts and weeks: one pointer to many arrays, all of them views of one block of memory.

Passing dozens of arrays from function to function would make compiling them take minutes.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.experimental import structref

from services.scheduler.solver.annealing.facts import Facts, Ints
from services.scheduler.solver.annealing.week import Week
from services.scheduler.solver.compiled import kernel

DIMENSIONS = 4


@structref.register
class _FactsType(types.StructRef):
    pass


@structref.register
class _WeekType(types.StructRef):
    pass


class _FactsBox(structref.StructRefProxy):
    pass


class _WeekBox(structref.StructRefProxy):
    pass


structref.define_proxy(_FactsBox, _FactsType, list(Facts._fields))
structref.define_proxy(_WeekBox, _WeekType, list(Week._fields))


def packed(fields: NamedTuple) -> tuple[Ints, Ints]:
    """Copy all arrays into one block; return it and a table of [field, (offset, shape...)]."""
    arrays = [np.asarray(field, np.int64) for field in fields]
    table = np.ones((len(arrays), 1 + DIMENSIONS), np.int64)
    for row, array in enumerate(arrays):
        table[row, 1 : 1 + array.ndim] = array.shape
    table[:, 0] = np.cumsum([0, *(array.size for array in arrays)])[:-1]
    return np.concatenate([array.ravel() for array in arrays]), table


def views(kind: Any, flat: Ints, table: Ints, like: NamedTuple) -> Any:
    """Return the fields again, as views of the block."""
    return kind(
        *(
            flat[offset : offset + int(np.prod(shape))].reshape(np.shape(field))
            for (offset, *shape), field in zip(table.tolist(), like, strict=True)
        )
    )


@kernel
def _view0(flat: Ints, table: Ints, row: int) -> int:
    return int(flat[table[row, 0]])


@kernel
def _view1(flat: Ints, table: Ints, row: int) -> Ints:
    return flat[table[row, 0] : table[row, 0] + table[row, 1]]


@kernel
def _view2(flat: Ints, table: Ints, row: int) -> Ints:
    rows, columns = table[row, 1], table[row, 2]
    return flat[table[row, 0] : table[row, 0] + rows * columns].reshape(rows, columns)


@kernel
def _view3(flat: Ints, table: Ints, row: int) -> Ints:
    one, two, three = table[row, 1], table[row, 2], table[row, 3]
    return flat[table[row, 0] : table[row, 0] + one * two * three].reshape(one, two, three)


@kernel
def _view4(flat: Ints, table: Ints, row: int) -> Ints:
    one, two, three, four = table[row, 1], table[row, 2], table[row, 3], table[row, 4]
    return flat[table[row, 0] : table[row, 0] + one * two * three * four].reshape(one, two, three, four)


@kernel
def facts_in(flat: Ints, table: Ints) -> Facts:
    """Return the facts as kernels see them."""
    box: Facts = _FactsBox(
        _view2(flat, table, 0),  # need
        _view1(flat, table, 1),  # most_a_day
        _view3(flat, table, 2),  # preference
        _view3(flat, table, 3),  # told
        _view4(flat, table, 4),  # usual
        _view2(flat, table, 5),  # visit_length
        _view4(flat, table, 6),  # visit_starts
        _view3(flat, table, 7),  # team_first
        _view1(flat, table, 8),  # team_list
        _view1(flat, table, 9),  # primary
        _view1(flat, table, 10),  # enemies_first
        _view1(flat, table, 11),  # enemies_list
        _view3(flat, table, 12),  # staff_starts
        _view1(flat, table, 13),  # staff_day
        _view1(flat, table, 14),  # staff_week
        _view1(flat, table, 15),  # staff_share
        _view1(flat, table, 16),  # room_seats
        _view2(flat, table, 17),  # pool_of
        _view2(flat, table, 18),  # pool_stock
        _view1(flat, table, 19),  # service_kind
        _view0(flat, table, 20),  # individual
        _view0(flat, table, 21),  # nurse
        _view1(flat, table, 22),  # offer_service
        _view1(flat, table, 23),  # offer_length
        _view1(flat, table, 24),  # offer_day
        _view1(flat, table, 25),  # offer_slot
        _view1(flat, table, 26),  # offer_modality
        _view1(flat, table, 27),  # offer_family
        _view1(flat, table, 28),  # offer_alike
        _view1(flat, table, 29),  # offer_least
        _view1(flat, table, 30),  # offer_most
        _view1(flat, table, 31),  # offer_alone
        _view2(flat, table, 32),  # eligible
        _view1(flat, table, 33),  # people_first
        _view1(flat, table, 34),  # people_list
        _view1(flat, table, 35),  # leaders_first
        _view1(flat, table, 36),  # leaders_list
        _view2(flat, table, 37),  # assistants
        _view1(flat, table, 38),  # family_first
        _view1(flat, table, 39),  # family_list
        _view1(flat, table, 40),  # service_first
        _view1(flat, table, 41),  # service_list
        _view0(flat, table, 42),  # gap
        _view0(flat, table, 43),  # idle_most
        _view0(flat, table, 44),  # nurse_apart
        _view0(flat, table, 45),  # cost_unmet
        _view0(flat, table, 46),  # cost_changes
        _view0(flat, table, 47),  # cost_moved
        _view1(flat, table, 48),  # cost_trip
        _view0(flat, table, 49),  # cost_idle
        _view0(flat, table, 50),  # cost_continuity
        _view0(flat, table, 51),  # cost_group
        _view0(flat, table, 52),  # cost_balance
    )
    return box


@kernel
def week_in(flat: Ints, table: Ints) -> Week:
    """Return the week as kernels see it."""
    box: Week = _WeekBox(
        _view2(flat, table, 0),  # left
        _view3(flat, table, 1),  # sessions
        _view1(flat, table, 2),  # count
        _view2(flat, table, 3),  # day_count
        _view2(flat, table, 4),  # day_modality
        _view2(flat, table, 5),  # day_services
        _view2(flat, table, 6),  # day_busy
        _view2(flat, table, 7),  # day_slots
        _view2(flat, table, 8),  # day_cost
        _view2(flat, table, 9),  # day_over
        _view2(flat, table, 10),  # meetings
        _view2(flat, table, 11),  # members
        _view1(flat, table, 12),  # open_count
        _view2(flat, table, 13),  # open_list
        _view1(flat, table, 14),  # free
        _view2(flat, table, 15),  # staff_busy
        _view2(flat, table, 16),  # staff_day
        _view1(flat, table, 17),  # staff_week
        _view2(flat, table, 18),  # room_busy
        _view2(flat, table, 19),  # pool_used
        _view1(flat, table, 20),  # total
        _view1(flat, table, 21),  # price
        _view1(flat, table, 22),  # random
        _view2(flat, table, 23),  # journal
    )
    return box
