"""Searching and comparing, by anybody and without a trace."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.chassis.database import Database
from tests.records.directory.conftest import Import, Json, entry, found, names, statement

NEAR: Json = {"latitude": 40.0, "longitude": -74.0, "within_km": 60}


async def test_the_nearest_comes_first_with_its_distance_in_a_straight_line(
    anybody: httpx2.AsyncClient, enter: Import
) -> None:
    # A degree of latitude is 111.195 km on a sphere of 6371.0088 km.
    await enter(entry("Half a degree", 40.5, -74.0), entry("Here", 40.0, -74.0), entry("A degree", 41.0, -74.0))

    items = await found(anybody, near=NEAR)

    assert [(one["programme"]["name"], one["distance_km"]) for one in items] == [("Here", 0.0), ("Half a degree", 55.6)]


async def test_what_lies_over_the_antimeridian_is_near(anybody: httpx2.AsyncClient, enter: Import) -> None:
    await enter(entry("East of it", 52.0, -179.9), entry("West of it", 52.0, 179.9), entry("Far", 52.0, 0.0))

    near = {"latitude": 52.0, "longitude": 179.95, "within_km": 50}

    assert names(await found(anybody, near=near)) == ["West of it", "East of it"]


async def test_pages_follow_each_other_by_distance_and_by_name_without_a_gap(
    anybody: httpx2.AsyncClient, enter: Import
) -> None:
    # Two at the same place: their distance alone would not tell where a page ends.
    await enter(
        *(entry(f"P{number}", 40.0 + (number // 2) / 100, -74.0, postal_code=f"0000{number}") for number in range(7))
    )

    for search in ({"near": NEAR}, {"region": "NJ"}):
        seen: list[str] = []
        token: str | None = None
        while True:
            body = {**search, "page_size": 2} | ({} if token is None else {"page_token": token})
            answer = (await anybody.post("/v1/directory_programmes:search", json=body)).json()
            seen += names(answer["items"])
            token = answer["next_page_token"]
            if token is None:
                break
        assert sorted(seen) == [f"P{number}" for number in range(7)]
        assert len(seen) == 7


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ([], ["All", "Some"]),
        ([("accreditation", ["the joint  commission"])], ["All"]),
        ([("practices", ["Matrix Model", "motivational interviewing"])], ["All", "Some"]),
        ([("practices", ["Motivational interviewing"]), ("aftercare", ["Naloxone education"])], ["All"]),
        ([("payment", ["Medicaid"]), ("languages", ["Spanish"])], ["All"]),
        # The value stands under another facet: that is no answer to the wish.
        ([("services", ["Medicaid"])], []),
    ],
)
async def test_every_wish_is_met_by_one_of_its_values_under_its_own_facet(
    anybody: httpx2.AsyncClient, enter: Import, wishes: list[tuple[str, list[str]]], expected: list[str]
) -> None:
    await enter(
        entry(
            "All",
            40.0,
            -74.0,
            statement("accreditation", "The Joint Commission"),
            statement("practices", "Motivational interviewing"),
            statement("aftercare", "Naloxone education", "Discharge planning"),
            statement("payment", "Medicaid"),
            statement("languages", "Spanish"),
        ),
        entry("Some", 40.1, -74.0, statement("practices", "Matrix Model"), statement("payment", "Private insurance")),
    )

    wished = [{"facet": facet, "any_of": values} for facet, values in wishes]

    assert names(await found(anybody, region="NJ", wishes=wished)) == expected
    assert names(await found(anybody, near=NEAR, wishes=wished)) == expected


async def test_a_statement_names_its_source_and_its_day(anybody: httpx2.AsyncClient, enter: Import) -> None:
    await enter(entry("One", 40.0, -74.0, statement("testing", "Drug testing", title="Testing")), as_of="2026-08-15")

    (item,) = await found(anybody, near=NEAR)
    read = await anybody.get(f"/v1/directory_programmes/{item['programme']['id']}")

    source = {"kind": "public_locator", "name": "Invented locator", "as_of": "2026-08-15"}
    assert item["programme"]["source"] == source
    assert item["programme"]["facts"] == [
        {"facet": "testing", "title": "Testing", "value": "Drug testing", "source": source}
    ]
    assert read.json() == item["programme"]
    assert (await anybody.get(f"/v1/directory_programmes/{uuid4()}")).status_code == 404


async def test_programmes_lie_side_by_side_in_the_order_asked_for(anybody: httpx2.AsyncClient, enter: Import) -> None:
    await enter(
        entry("A", 40.0, -74.0, statement("practices", "CBT", "Matrix Model"), statement("testing", "Drug testing")),
        entry("B", 40.1, -74.0, statement("practices", "cbt", "Contingency management")),
        entry("C", 40.2, -74.0),
    )
    ids = {one["programme"]["name"]: one["programme"]["id"] for one in await found(anybody, near=NEAR)}

    two = await anybody.post("/v1/directory_programmes:compare", json={"programme_ids": [ids["B"], ids["A"]]})
    three = await anybody.post(
        "/v1/directory_programmes:compare", json={"programme_ids": [ids["C"], ids["A"], ids["B"]], "near": NEAR}
    )

    lines = {line["facet"]: line for line in two.json()["lines"]}
    assert [one["programme"]["name"] for one in two.json()["programmes"]] == ["B", "A"]
    assert [[fact["value"] for fact in cell] for cell in lines["practices"]["cells"]] == [
        ["cbt", "Contingency management"],
        ["CBT", "Matrix Model"],
    ]
    assert (lines["practices"]["in_common"], lines["testing"]["in_common"]) == (["cbt"], [])
    # What one does not state is common to none, and nothing says that it does not offer it.
    assert [line["in_common"] for line in three.json()["lines"]] == [[], []]
    assert [one["distance_km"] for one in three.json()["programmes"]] == [22.2, 0.0, 11.1]


@pytest.mark.parametrize("count", [1, 6])
async def test_no_fewer_than_two_and_no_more_than_five_are_compared(anybody: httpx2.AsyncClient, count: int) -> None:
    body = {"programme_ids": [str(uuid4()) for _ in range(count)]}

    answer = await anybody.post("/v1/directory_programmes:compare", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/programme_ids")


async def test_a_programme_that_is_not_there_is_named_by_its_place(anybody: httpx2.AsyncClient, enter: Import) -> None:
    await enter(entry("A", 40.0, -74.0))
    known = (await found(anybody, near=NEAR))[0]["programme"]["id"]

    answer = await anybody.post("/v1/directory_programmes:compare", json={"programme_ids": [known, str(uuid4())]})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/programme_ids/1")


@pytest.mark.parametrize(
    "search",
    [
        {"near": {"latitude": 91, "longitude": 0}},
        {"near": NEAR | {"within_km": 501}},
        {"region": "New Jersey"},
        {"wishes": [{"facet": "practices", "any_of": []}]},
        {"wishes": [{"facet": "hours", "any_of": ["evening\0"]}]},
        {"wishes": [{"facet": "testing", "any_of": ["A"]}, {"facet": "testing", "any_of": ["B"]}]},
        {"page_token": "no-page"},
        {"page_size": 101},
    ],
)
async def test_a_search_that_cannot_be_understood_is_refused(anybody: httpx2.AsyncClient, search: Json) -> None:
    assert (await anybody.post("/v1/directory_programmes:search", json=search)).status_code == 422


async def test_what_can_be_wished_for_is_told_the_most_frequent_first(
    anybody: httpx2.AsyncClient, enter: Import
) -> None:
    await enter(
        entry("A", 40.0, -74.0, statement("payment", "Cash", "Medicaid")),
        entry("B", 40.1, -74.0, statement("payment", "medicaid"), statement("hours", "Evening")),
    )

    answer = await anybody.get("/v1/directory_facets")

    told = [(one["facet"], one["value"].casefold(), one["programmes"]) for one in answer.json()["items"]]
    assert told == [("hours", "evening", 1), ("payment", "medicaid", 2), ("payment", "cash", 1)]


async def test_of_who_searches_nothing_is_kept(
    anybody: httpx2.AsyncClient, enter: Import, records_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await enter(entry("A", 40.0, -74.0))
    capsys.readouterr()

    async def everything() -> dict[str, int]:
        async with records_database.read(None) as read:
            tables: list[Any] = await read.connection.fetch(
                "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
                " and has_table_privilege(oid, 'select')"
            )
            return {
                row["relname"]: await read.connection.fetchval(f'select count(*) from "{row["relname"]}"')  # noqa: S608
                for row in tables
            }

    before = await everything()
    await found(anybody, near={"latitude": 39.98765, "longitude": -74.01234}, wishes=[])
    await anybody.get("/v1/directory_facets")

    logged = capsys.readouterr()
    assert await everything() == before
    assert not [place for place in ("39.98765", "74.01234") if place in logged.out + logged.err]
