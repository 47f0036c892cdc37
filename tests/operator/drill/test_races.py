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

ROUND = 11
"""Races of which each is of another kind."""
RACES = 4 * ROUND
LOSES = """
    create function lose() returns trigger language plpgsql as $$
        begin new.{column} := old.{column}; return new; end $$;
    create trigger loses before update on {table} for each row execute function lose();
"""
# Whoever enters an empty group lingers, so that each of two has looked at the patient's day before either is seated.
LINGERS = """
    create function linger() returns trigger language plpgsql as $$ begin
        perform pg_sleep(1) from appointments where id = new.appointment_id and taken < 2 and service = 'process_group';
        return new;
    end $$;
    create trigger lingers before insert on appointment_patients for each row
        when (new.by_hand) execute function linger();
"""
# Who seats a patient locks a number made of who that is, and so never meets anybody at the constraint; here it varies.
FORGETS_THE_PATIENT = """
    create function public.hashtextextended(text, bigint) returns bigint language sql volatile
        return (random() * 1e15)::bigint;
    do $$ begin execute format('alter database %I set search_path to public, pg_catalog', current_database()); end $$;
"""
FAULTS = {
    "overlaps": "alter table appointment_patients drop constraint appointment_patients_patient_id_during_excl;"
    + LINGERS
    + FORGETS_THE_PATIENT,
    "rooms_twice": "alter table appointments drop constraint appointments_room_id_during_excl",
    "practitioners_twice": "alter table appointment_practitioners"
    " drop constraint appointment_practitioners_practitioner_id_during_excl",
    "wrong_counts": LOSES.format(table="appointments", column="taken"),
    "wrong_offers": LOSES.format(table="offer_batches", column="accepted"),
}


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


async def test_exactly_one_wins_each_race_whichever_process_its_contenders_call(scratch: str) -> None:
    report = await hold_races(scratch, RACES, processes=2)

    assert report["violated"] == dict.fromkeys(report["violated"], 0)
    assert (report["races"], report["winners"], report["violations"]) == (RACES, RACES, 0)
    assert set(report["losers"]) == {"double-booking", "no-seat", "conflict"}
    assert set(report["by_kind"].values()) == {RACES // len(report["by_kind"])}
    assert report["by_path"] == {"route": RACES * 8 // 11, "logic": RACES * 2 // 11, "both": RACES // 11}


@pytest.mark.parametrize(
    ("scratch", "fault"), [(FAULTS[fault], fault) for fault in FAULTS], indirect=["scratch"], ids=list(FAULTS)
)
async def test_without_what_keeps_it_the_guarantee_is_seen_violated(scratch: str, fault: str) -> None:
    report = await hold_races(scratch, 2 * ROUND, processes=1)

    violated = {name for name, count in report["violated"].items() if count}
    assert {fault, "wrong_winners", "wrong_races"} <= violated
    assert violated.isdisjoint(FAULTS.keys() - {fault})


# The first of all races, and it alone, ends for everybody like a lock that was not to be had in time.
SLOW = """
    create function wait_in_vain() returns trigger language plpgsql as $$ begin
        if (select track from appointments where id = new.appointment_id) = '0' then
            raise 'too slow' using errcode = '{code}';
        end if;
        return new;
    end $$;
    create trigger waits_in_vain before insert on appointment_patients for each row
        when (new.by_hand) execute function wait_in_vain();
"""


@pytest.mark.parametrize(
    "scratch", [SLOW.format(code="55P03"), SLOW.format(code="57014")], indirect=True, ids=["lock", "statement"]
)
async def test_a_race_that_was_cut_short_shows_nothing_and_is_held_again(scratch: str) -> None:
    report = await hold_races(scratch, ROUND, processes=1)

    assert (report["races"], report["winners"], report["violations"], report["held_again"]) == (ROUND, ROUND, 0, 1)


@pytest.mark.parametrize("scratch", [SLOW.format(code="55P03")], indirect=True, ids=["never"])
async def test_races_of_which_none_is_decided_are_no_races_well_run(
    scratch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[hold_races.__module__], "_SPARE", 0)

    report = await hold_races(scratch, 1, processes=1)

    assert (report["races"], report["violated"]["failures"], report["held_again"]) == (0, 1, 1)


@pytest.mark.parametrize("scratch", ["drop table commitments"], indirect=True, ids=["no commitments"])
async def test_a_race_whose_answers_are_failures_is_no_race_well_run(scratch: str) -> None:
    report = await hold_races(scratch, 1, processes=1)

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
