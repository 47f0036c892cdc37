"""Sites and rooms, through the routes."""

from uuid import uuid4

import pytest
from pydantic import TypeAdapter, ValidationError

from services.contracts.identity import Role
from services.contracts.scheduler.sites import ZoneName
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Make, windows

SITE = {"name": "North", "zone": "America/Chicago", "open": windows("08:00", "20:00"), "offices": 1, "family_rooms": 0}


async def test_a_site_is_made_and_read_back(scheduler: ClientFactory) -> None:
    made = await scheduler(Role.ORGANIZATION_ADMIN).post("/v1/sites", json=SITE)

    assert made.status_code == 201
    assert made.headers["location"] == f"/v1/sites/{made.json()['id']}"
    read = await scheduler(Role.FRONT_DESK).get(made.headers["location"])
    assert read.json() == made.json()
    assert read.json()["zone"] == "America/Chicago"
    assert read.json()["open"][0] == {"weekday": "MO", "start": "08:00:00", "end": "20:00:00"}


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.COUNSELLOR, Role.PATIENT])
async def test_a_site_is_set_up_by_administrators_only(scheduler: ClientFactory, role: Role) -> None:
    answer = await scheduler(role).post("/v1/sites", json=SITE)

    assert answer.status_code == 403


def test_the_zones_are_listed_once_and_not_for_each_name(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = TypeAdapter[str](ZoneName)
    assert zone.validate_python("America/Chicago") == "America/Chicago"

    # It walks the folders of the database, and took most of the time of a chart.
    monkeypatch.setattr("services.contracts.scheduler.sites.available_timezones", None)

    assert zone.validate_python("Europe/Berlin") == "Europe/Berlin"
    with pytest.raises(ValidationError):
        zone.validate_python("America/Nowhere")


async def test_another_organization_learns_nothing_of_a_site(scheduler: ClientFactory, new_site: Make) -> None:
    site = await new_site()
    stranger = scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4())

    foreign = await stranger.get(f"/v1/sites/{site['id']}")
    missing = await stranger.get(f"/v1/sites/{uuid4()}")

    assert foreign.status_code == missing.status_code == 404
    assert {**foreign.json(), "instance": ""} == {**missing.json(), "instance": ""}
    assert (await stranger.get("/v1/sites")).json()["items"] == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"zone": "Mars/Olympus"}, "/zone"),
        ({"open": []}, "/open"),
        ({"open": windows("10:00", "09:00", "MO")}, "/open/0"),
        ({"open": windows("10:05", "11:00", "MO")}, "/open/0"),
        ({"name": "bad\u0000name"}, "/name"),
        ({"offices": -1}, "/offices"),
    ],
)
async def test_a_wrong_site_is_refused_by_the_name_of_its_member(
    scheduler: ClientFactory, change: dict[str, object], pointer: str
) -> None:
    answer = await scheduler(Role.ORGANIZATION_ADMIN).post("/v1/sites", json={**SITE, **change})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "Olympus" not in answer.text


async def test_sites_are_listed_by_pages(scheduler: ClientFactory, new_site: Make) -> None:
    made = [(await new_site(name=f"Site {number}"))["id"] for number in range(3)]
    client = scheduler(Role.FRONT_DESK)

    first = (await client.get("/v1/sites", params={"page_size": 2})).json()
    second = (await client.get("/v1/sites", params={"page_size": 2, "page_token": first["next_page_token"]})).json()

    assert [len(first["items"]), len(second["items"])] == [2, 1]
    assert sorted(site["id"] for site in first["items"] + second["items"]) == sorted(made)
    assert second["next_page_token"] is None


@pytest.mark.parametrize("token", ["?", "AAAA", "no token at all", "A" * 22 + "A"])
async def test_a_page_token_that_nobody_gave_is_refused(scheduler: ClientFactory, token: str) -> None:
    answer = await scheduler(Role.FRONT_DESK).get("/v1/sites", params={"page_token": token})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "page_token"


async def test_rooms_belong_to_their_site(scheduler: ClientFactory, new_site: Make, new_room: Make) -> None:
    site, other = await new_site(), await new_site(name="Other")
    room = await new_room(site)

    listed = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/rooms")

    assert listed.json()["items"] == [room]
    assert (await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{other['id']}/rooms")).json()["items"] == []


@pytest.mark.parametrize("collection", ["rooms", "practitioners", "group_offerings"])
async def test_a_site_that_is_not_there_has_no_collections(scheduler: ClientFactory, collection: str) -> None:
    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{uuid4()}/{collection}")

    assert answer.status_code == 404


async def test_a_room_cannot_be_put_into_another_organization_s_site(scheduler: ClientFactory, new_site: Make) -> None:
    site = await new_site()
    stranger = scheduler(Role.ORGANIZATION_ADMIN, organization=uuid4())

    answer = await stranger.post(f"/v1/sites/{site['id']}/rooms", json={"name": "Oak", "capacity": 4})

    assert answer.status_code == 404


async def test_a_site_made_twice_with_one_key_is_one_site(scheduler: ClientFactory) -> None:
    client = scheduler(Role.ORGANIZATION_ADMIN)
    key = {"idempotency-key": str(uuid4())}

    first = await client.post("/v1/sites", json=SITE, headers=key)
    second = await client.post("/v1/sites", json=SITE, headers=key)

    assert first.json() == second.json()
    assert len((await client.get("/v1/sites")).json()["items"]) == 1
