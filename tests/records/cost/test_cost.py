"""Costs compared: ranges, dollar years, the person's own time, every number theirs to change."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.records.cost import CareSetting, CostComparisonRequest
from services.records.cost.reading import figures
from services.records.cost.rules import comparison
from services.records.main import build
from tests.support.serving import call_in_process, nothing_to_open

Json = dict[str, Any]
IOP: Json = {"setting": "intensive_outpatient", "weeks": 7, "visits_per_week": 3, "hours_per_week": 9}
STAY: Json = {"setting": "residential", "weeks": 4, "visits_per_week": 0, "hours_per_week": 168}
DOLLARS = st.integers(0, 500)


@pytest.fixture
async def anybody() -> AsyncIterator[httpx2.AsyncClient]:
    # Without a process there is no database: nothing that could keep what was asked.
    async with call_in_process(build(nothing_to_open)) as client:
        yield client


async def test_the_person_s_own_time_and_way_are_part_of_what_it_comes_to(anybody: httpx2.AsyncClient) -> None:
    body = {
        "settings": [IOP, STAY | {"lost_work_hours_per_week": 40}],
        "travel_minutes_per_visit": 60,
        "travel_dollars_per_visit": 5,
        "child_care_dollars_per_hour": 10,
        "wage_dollars_per_hour": 20,
        "value_of_free_hour": 1,
    }

    iop, stay = (answer := (await anybody.post("/v1/cost_figures:compare", json=body)).json())["settings"]

    assert {part["code"]: part["dollars"]["least"] for part in iop["parts"]} == {
        "price": 1533.0,
        "own_time": 84.0,
        "travel": 105.0,
        "child_care": 840.0,
        "lost_wages": 0.0,
        "published_own_cost": 0.0,
    }
    assert (iop["total"], iop["own_share"]["most"]) == ({"least": 2562.0, "most": 5964.0}, 1029.0)
    assert stay["parts"][4]["dollars"] == {"least": 3200.0, "most": 3200.0}
    assert (answer["dollar_years"], stay["source"]["dollar_year"]) == ([1999, 2001], 1999)
    assert "severe" in answer["caveat"]


async def test_a_price_that_was_asked_stands_in_for_the_published_figure(anybody: httpx2.AsyncClient) -> None:
    body = {"settings": [IOP | {"price_per_week": {"least": 900, "most": 1200}}], "value_of_free_hour": 0}

    answer = (await anybody.post("/v1/cost_figures:compare", json=body)).json()

    assert answer["settings"][0]["total"] == {"least": 6300.0, "most": 8400.0}
    assert (answer["settings"][0]["source"], answer["dollar_years"]) == (None, [])


async def test_who_says_nothing_of_the_own_time_is_told_what_was_published_of_it(anybody: httpx2.AsyncClient) -> None:
    """Before, the own share of every setting was nothing, which no study has found."""
    settings = [IOP, STAY, {"setting": "outpatient", "weeks": 4, "visits_per_week": 1, "hours_per_week": 1}]

    iop, stay, outpatient = (await anybody.post("/v1/cost_figures:compare", json={"settings": settings})).json()[
        "settings"
    ]
    said = (
        await anybody.post("/v1/cost_figures:compare", json={"settings": settings, "wage_dollars_per_hour": 0})
    ).json()

    assert iop["own_share"] == {"least": 7 * 3 * 38.0, "most": 7 * 3 * 38.0}
    assert stay["own_share"] == {"least": 4 * 7 * 235.0, "most": 4 * 7 * 235.0}
    assert iop["total"]["least"] == 7 * (219 + 3 * 38.0)
    assert [one["own_source"] and one["own_source"]["unit"] for one in (iop, stay, outpatient)] == [
        "visit",
        "day",
        None,
    ]
    assert {(one["own_share"]["most"], one["own_source"]) for one in said["settings"]} == {(0.0, None)}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"settings": []}, "/settings"),
        ({"settings": [IOP, IOP]}, ""),
        ({"settings": [IOP | {"weeks": 0}]}, "/settings/0/weeks"),
        ({"settings": [IOP | {"setting": "spa"}]}, "/settings/0/setting"),
        ({"settings": [IOP | {"price_per_week": {"least": 2, "most": 1}}]}, "/settings/0/price_per_week"),
        ({"wage_dollars_per_hour": -1}, "/wage_dollars_per_hour"),
    ],
)
async def test_what_cannot_be_compared_is_refused(anybody: httpx2.AsyncClient, changes: Json, pointer: str) -> None:
    answer = await anybody.post("/v1/cost_figures:compare", json={"settings": [IOP], **changes})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_every_setting_has_a_figure_with_its_year_and_source(anybody: httpx2.AsyncClient) -> None:
    listed = (await anybody.get("/v1/cost_figures")).json()

    assert {one["setting"] for one in listed["items"]} == set(CareSetting)
    assert all(one["citation"] and one["dollar_year"] > 1990 for one in listed["items"])
    assert listed == figures().model_dump(mode="json")
    assert {(one["setting"], one["dollars"]) for one in listed["own_costs"] if "PMC2737263" in one["citation"]} == {
        ("intensive_outpatient", 38.0),
        ("residential", 235.0),
    }


@given(weeks=st.integers(1, 104), visits=st.integers(0, 14), wage=DOLLARS, lost=st.integers(0, 60), way=DOLLARS)
def test_a_total_is_its_parts_and_grows_with_each(weeks: int, visits: int, wage: int, lost: int, way: int) -> None:
    def total(**changes: int) -> tuple[float, float]:
        one = IOP | {"weeks": weeks, "visits_per_week": visits, "lost_work_hours_per_week": lost}
        body = {"wage_dollars_per_hour": wage, "travel_dollars_per_visit": way, **changes}
        cost = comparison(figures(), CostComparisonRequest.model_validate({"settings": [one], **body})).settings[0]
        assert cost.total.least == pytest.approx(sum(part.dollars.least for part in cost.parts))
        assert cost.total.least <= cost.total.most
        return cost.total.least, cost.total.most

    least, most = total()
    dearer = total(wage_dollars_per_hour=wage + 1, travel_dollars_per_visit=way + 1)
    assert dearer[0] - least == pytest.approx(weeks * (lost + visits))
    assert dearer[1] - most == pytest.approx(weeks * (lost + visits))
