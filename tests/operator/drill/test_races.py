"""The drill of the races passes as things are, and has teeth: without one of the database's guards it counts."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import asyncpg
import pytest

from services.chassis.migrations import upgrade
from services.operator.__main__ import main
from services.operator.drill.races import hold_races
from services.operator.postgres.cluster import EmbeddedPostgres
from services.operator.postgres.credentials import generate_credentials
from services.operator.postgres.ephemeral import ephemeral_cluster
from services.operator.postgres.provision import provision

pytestmark = pytest.mark.committed

RACES = 12
TWICE_AT_ONCE = "alter table appointment_patients drop constraint appointment_patients_patient_id_during_excl"
FORGETFUL = """
    create function forget() returns trigger language plpgsql as $$ begin new.taken := old.taken; return new; end $$;
    create trigger forgetful before update on appointments for each row execute function forget();
"""


@pytest.fixture(scope="module")
def migrated() -> Iterator[tuple[EmbeddedPostgres, str]]:
    """A cluster of its own with a migrated scheduler database, and how the application reaches it."""
    with ephemeral_cluster() as cluster:
        credentials = {"scheduler": generate_credentials()["scheduler"]}
        urls = asyncio.run(provision(cluster.admin_dsn, credentials, address=cluster.address))["scheduler"]
        upgrade("scheduler", urls.owner)
        yield cluster, urls.app


@pytest.fixture
async def scratch(migrated: tuple[EmbeddedPostgres, str], request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A copy of that database, with the parameter's fault planted in it."""
    cluster, app_url = migrated
    name = f"scratch_{uuid4().hex}"
    admin = await asyncpg.connect(cluster.admin_dsn)
    await admin.execute(f"create database {name} template eventide_scheduler")
    planted = await asyncpg.connect(cluster.admin_dsn, database=name)
    await planted.execute(getattr(request, "param", "select 1"))
    await planted.close()
    yield f"{app_url.rpartition('/')[0]}/{name}"
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


async def test_exactly_one_wins_each_race(scratch: str) -> None:
    report = await hold_races(scratch, RACES)

    assert report["violated"] == dict.fromkeys(report["violated"], 0)
    assert (report["races"], report["winners"], report["violations"]) == (RACES, RACES, 0)
    assert set(report["losers"]) == {"double-booking", "no-seat"}


@pytest.mark.parametrize("scratch", [TWICE_AT_ONCE], indirect=True, ids=["no constraint"])
async def test_without_the_exclusion_constraint_people_sit_in_two_groups_at_once(scratch: str) -> None:
    report = await hold_races(scratch, RACES)

    assert report["violated"]["overlaps"] > 0
    assert report["violated"]["wrong_winners"] > 0
    assert report["violated"]["wrong_races"] > 0


@pytest.mark.parametrize("scratch", [FORGETFUL], indirect=True, ids=["lost updates"])
async def test_where_the_count_of_taken_seats_is_lost_groups_overflow(scratch: str) -> None:
    report = await hold_races(scratch, RACES)

    assert report["violated"]["wrong_counts"] > 0
    assert report["violated"]["wrong_winners"] > 0
    assert report["violated"]["wrong_races"] > 0


@pytest.mark.parametrize("scratch", ["drop table commitments"], indirect=True, ids=["no commitments"])
async def test_a_race_whose_answers_are_failures_is_no_race_well_run(scratch: str) -> None:
    report = await hold_races(scratch, 1)

    assert report["violated"]["failures"] > 0


@pytest.mark.parametrize(("violations", "status"), [(0, 0), (3, 1)])
def test_the_command_s_status_is_the_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], violations: int, status: int
) -> None:
    async def held(_app_url: str, count: int) -> dict[str, int]:
        return {"races": count, "violations": violations}

    module = sys.modules[hold_races.__module__]
    monkeypatch.setattr(module, "hold_races", held)
    monkeypatch.setattr(module, "configure_logging", lambda *_: None)  # it would outlive the test

    assert main(["drill", "races", "--n", "7", "--json"]) == status
    assert capsys.readouterr().out == f'{{"races": 7, "violations": {violations}}}\n'
