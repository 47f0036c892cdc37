from math import gcd

from services.operator.drill.authorization import cells
from services.operator.drill.authorization.cells import Cell, cell
from services.operator.drill.authorization.oracle import is_permitted
from services.policy.decisions.answer import Permission
from services.policy.decisions.decide import decide
from tests.policy.decisions.asking import of_cell

TRIED = 25_000


def test_every_number_is_another_cell() -> None:
    assert gcd(cells._STRIDE, cells.COUNT) == 1


def test_the_decision_is_the_regulation_s_in_every_cell_tried() -> None:
    leaks, wrong_denials, permitted = list[Cell](), list[Cell](), 0
    for number in range(TRIED):
        tried = cell(number)
        decision, allowed = decide(of_cell(tried)), is_permitted(tried)
        permitted += allowed
        if isinstance(decision, Permission) and not allowed:
            leaks.append(tried)
        elif not isinstance(decision, Permission) and allowed:
            wrong_denials.append(tried)

    assert (leaks[:3], wrong_denials[:3]) == ([], [])
    # A matrix in which everything is denied would agree with a function that denies.
    assert permitted > TRIED // 100
