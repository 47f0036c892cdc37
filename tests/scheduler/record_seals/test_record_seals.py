"""What is planned of a patient ends when the record is sealed, however often and late the scheduler hears of it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import UpstreamUnavailableError
from services.chassis.http import HttpClient
from services.clients.attendance import AttendanceClient
from services.contracts.identifiers import PatientId, RecordSealId
from services.contracts.identity import Role
from services.contracts.records.record_seals import RecordSeal
from services.scheduler.record_seals import storage
from services.scheduler.record_seals.logic import RecordSealRounds
from services.scheduler.worker import registrar
from services.scheduler.worker.registrar import Registrar
from tests.conftest import ClientFactory
from tests.records.draw_programmes.conftest import At
from tests.records.draw_programmes.conftest import at as records_at
from tests.records.programme_closings.test_programme_closings import CLOSINGS, ENDS, decide
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, Make, SteppingClock, calendar, group
from tests.scheduler.offers.conftest import Offers, Wait, offers, wait
from tests.scheduler.proposals.conftest import Booked, Propose, Publish, booked, propose, publish, week
from tests.scheduler.weekly import Week
from tests.support.serving import call_in_process

__all__ = ["booked", "offers", "propose", "publish", "records_at", "wait", "week"]

WEDNESDAY, THURSDAY, FRIDAY = (TUESDAY_NINE + timedelta(days=days) for days in (1, 2, 3))
WAITING = "select patient_id::text, status, reason from waitlist_entries"
UNSENT = "select patient_id::text, status, reason from notices where kind = 'offer'"
BUSY = "select patient_id::text from commitment_sources union select patient_id::text from commitments"
Seal = Callable[..., Awaitable[None]]
Send = Callable[..., Awaitable[Any]]


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient()
    yield client
    await client.close()


@pytest.fixture
def intake(http: HttpClient, records_url: str, clock: Clock) -> AttendanceClient:
    return AttendanceClient(http, records_url, bytes(32), clock)


@pytest.fixture
def rounds(scheduler_database: Database, intake: AttendanceClient) -> RecordSealRounds:
    """The worker's rounds, on the Wednesday."""
    return RecordSealRounds(scheduler_database, intake, SteppingClock(WEDNESDAY))


@pytest.fixture
def rounds_today(scheduler_database: Database, intake: AttendanceClient, clock: Clock) -> RecordSealRounds:
    """The worker's rounds, while holds and offers of now still stand."""
    return RecordSealRounds(scheduler_database, intake, clock)


@pytest.fixture
def seal(records_at: At) -> Seal:
    """Close the programme and seal the records of all its patients, at a time that is long past for the scheduler."""

    async def close(*patients: Json, sealed_at: str = "2026-10-01T12:30:00Z") -> None:
        admin = records_at("2026-09-28T12:00:00Z", Role.ORGANIZATION_ADMIN)
        closing = (await admin.post(CLOSINGS, json={**ENDS, "ends_on": "2026-09-29"})).json()
        decided = await decide(records_at("2026-09-28T12:00:00Z"), closing, *patients)
        assert decided.status_code == 200, decided.text
        answer = await records_at(sealed_at, Role.ORGANIZATION_ADMIN).post(f"{CLOSINGS}/{closing['id']}:seal")
        assert answer.status_code == 200, answer.text

    return close


@pytest.fixture
async def anybody(scheduler_app: Any) -> AsyncIterator[httpx2.AsyncClient]:
    async with call_in_process(scheduler_app) as client:
        yield client


@pytest.fixture
def feed(scheduler: ClientFactory) -> Callable[[str, Json], Awaitable[str]]:
    async def make(subject: str, thing: Json) -> str:
        made = await scheduler(Role.FRONT_DESK).post("/v1/feeds", json={"subject": subject, "subject_id": thing["id"]})
        assert made.status_code == 201, made.text
        return str(made.json()["path"])

    return make


async def told(intake: AttendanceClient, organization_id: UUID) -> list[RecordSeal]:
    """The seals of this test; other organizations may have some of their own."""
    found, page = list[RecordSeal](), await intake.exchange_seals((), None)
    while page:
        found += page
        page = await intake.exchange_seals((), page[-1].id)
    return [one for one in found if one.organization_id == organization_id]


async def test_nothing_is_planned_any_more_of_whom_the_record_is_sealed_and_of_others_it_stays(
    *, rounds: RecordSealRounds, seal: Seal, desk: Desk, new_patient: Make, site: Json, wait: Wait,
    feed: Callable[[str, Json], Awaitable[str]], import_calendar: Send, anybody: httpx2.AsyncClient,
) -> None:  # fmt: skip
    """Before, whoever had the feed's secret went on reading, and the desk saw appointments and busy times."""
    gone = await new_patient(site)
    paths = [await feed("patient", gone), await feed("site", site)]
    assert (await import_calendar(gone, calendar("20261007T090000/20261007T100000"))).status_code == 201
    await wait(gone)
    await seal(gone)
    kept = await new_patient(site)
    paths.append(await feed("patient", kept))
    assert (await import_calendar(kept, calendar("20261007T090000/20261007T100000"))).status_code == 201
    await wait(kept)
    await desk.publish(group(gone, kept), group(gone, start=WEDNESDAY), group(gone, kept, start=THURSDAY))
    served = [(await anybody.get(path)).status_code for path in paths]

    await rounds.go()

    assert served == [200] * 3
    assert [(await anybody.get(path)).status_code for path in paths] == [404, 200, 200]
    assert await desk.seats() == [(2, {gone["id"], kept["id"]}), (1, {gone["id"]}), (1, {kept["id"]})]
    waited = [(gone["id"], "removed", "no_longer_needed"), (kept["id"], "waiting", None)]
    assert sorted(await desk.run(WAITING)) == sorted(waited)
    assert await desk.run(BUSY) == [(kept["id"],)]


async def test_an_offer_is_taken_back_and_the_notice_of_it_never_leaves(
    *, rounds_today: RecordSealRounds, seal: Seal, desk: Desk, new_patient: Make, site: Json, wait: Wait,
    offers: Offers,
) -> None:  # fmt: skip
    """Before, whoever had its secret could take the seat, for records was asked when the offer was made."""
    [session] = await desk.publish(group(capacity=4))
    batches, people = [], []
    for _ in range(2):
        people.append(await new_patient(site))
        entry = await wait(people[-1], service="process_group")
        batches.append(await offers.made(session, entry_ids=[entry["id"]], seats=1, people=1, minutes=60))
        if len(people) == 1:
            await seal(people[0])
    secrets = [await offers.token(batch["offers"][0]) for batch in batches]
    offered = [(await offers.look(secret)).status_code for secret in secrets]

    await rounds_today.go()

    assert offered == [200, 200]
    assert [(await offers.look(secret)).status_code for secret in secrets] == [404, 200]
    assert [await offers.statuses(batch) for batch in batches] == [["withdrawn"], ["open"]]
    gone, kept = (one["id"] for one in people)
    assert sorted(await desk.run(UNSENT)) == sorted([(gone, "cancelled", "record_sealed"), (kept, "queued", None)])


async def test_a_seat_that_was_held_or_published_is_free_and_not_given_to_the_patient_again(
    rounds_today: RecordSealRounds, seal: Seal, desk: Desk, new_patient: Make, site: Json
) -> None:
    gone = await new_patient(site)
    week = [group(start=THURSDAY), group(gone, start=FRIDAY)]
    held, _ = await desk.publish(*week)
    assert (await desk.ask("hold", held, gone, minutes=15)).status_code == 200
    await seal(gone)

    await rounds_today.go()
    taken = await desk.seats()
    await desk.publish(*week, replace_bookings=False)

    assert taken == [(0, set()), (0, set())]
    assert await desk.seats() == taken


async def test_records_is_told_who_is_seen_to_and_tells_of_them_no_more(
    *, rounds: RecordSealRounds, seal: Seal, intake: AttendanceClient, organization_id: UUID, new_patient: Make,
    site: Json,
) -> None:  # fmt: skip
    gone = [await new_patient(site) for _ in range(3)]
    await seal(*gone)
    before = await told(intake, organization_id)

    await rounds.go()

    assert {str(one.patient_id) for one in before} == {one["id"] for one in gone}
    assert await told(intake, organization_id) == []


async def test_who_was_sealed_just_now_is_told_again_for_a_request_was_under_way(
    *, rounds: RecordSealRounds, seal: Seal, intake: AttendanceClient, organization_id: UUID, new_patient: Make,
    site: Json, desk: Desk,
) -> None:  # fmt: skip
    """What asked of the patient before the seal may plan something after the round."""
    gone = await new_patient(site)
    await seal(gone, sealed_at="2026-10-03T12:30:00Z")
    await rounds.go()
    again = await told(intake, organization_id)
    await desk.publish(group(gone, start=THURSDAY))

    await rounds.go()

    assert [str(one.patient_id) for one in again] == [gone["id"]]
    assert await desk.seats() == [(0, set())]


async def test_a_week_that_was_solved_before_the_seal_is_not_published_after_it(
    *, rounds: RecordSealRounds, seal: Seal, intake: AttendanceClient, organization_id: UUID, week: Week,
    propose: Propose, publish: Publish, booked: Booked,
) -> None:  # fmt: skip
    """It was published days later, with seats and notices, when nobody told of the seal any more."""
    published = await publish(await propose([week.group(3, 8, 0, 1, 2, 3)], []))
    seated, later = await booked(), await propose([week.group(4, 8, 0, 1, 2, 3)], [])
    await seal(*({"id": patient} for patient in week.ids))
    await rounds.go()
    left = await told(intake, organization_id)

    refused = await publish(later, reason="better_week")

    assert published.status_code == 200, published.text
    assert len(seated) == 4
    assert left == []
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:eventide:problem:timetable-refused")
    assert await booked() == {}


async def test_one_that_breaks_keeps_no_other_and_is_told_again(
    *, rounds: RecordSealRounds, seal: Seal, intake: AttendanceClient, organization_id: UUID, new_patient: Make,
    site: Json, desk: Desk, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    gone = [await new_patient(site) for _ in range(2)]
    await seal(*gone)
    await desk.publish(*(group(one, start=THURSDAY) for one in gone))
    end_feeds = storage.end_feeds

    async def breaks_for_one(db: Any, organization: Any, patient_id: PatientId) -> None:
        if str(patient_id) == gone[0]["id"]:
            raise RuntimeError
        await end_feeds(db, organization, patient_id)

    with monkeypatch.context() as broken:
        broken.setattr(storage, "end_feeds", breaks_for_one)
        await rounds.go()
    left, seats = await told(intake, organization_id), await desk.seats()
    await rounds.go()

    assert [str(one.patient_id) for one in left] == [gone[0]["id"]]
    assert sorted(map(len, (people for _, people in seats))) == [0, 1]
    assert (await told(intake, organization_id), await desk.seats()) == ([], [(0, set())] * 2)


async def test_nothing_is_lost_while_records_is_away_or_its_answer_is(
    *, seal: Seal, intake: AttendanceClient, http: HttpClient, clock: Clock, scheduler_database: Database,
    organization_id: UUID, new_patient: Make, site: Json, desk: Desk,
) -> None:  # fmt: skip
    class Unheard(AttendanceClient):
        """Says what is done, and never hears the answer."""

        @override
        async def exchange_seals(self, ended: Collection[RecordSealId], after: RecordSealId | None) -> list[RecordSeal]:
            answer = await intake.exchange_seals((), after)
            if after is not None:
                raise UpstreamUnavailableError("records")
            return list(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = AttendanceClient(http, f"http://127.0.0.1:{listener.getsockname()[1]}", bytes(32), clock)
    gone = await new_patient(site)
    await seal(gone)
    await desk.publish(group(gone, start=THURSDAY))

    seats = []
    for records in (nobody, Unheard(http, "", bytes(32), clock)):
        with pytest.raises(UpstreamUnavailableError):
            await RecordSealRounds(scheduler_database, records, SteppingClock(WEDNESDAY)).go()
        seats.append(await desk.seats())
    left = await told(intake, organization_id)
    await RecordSealRounds(scheduler_database, intake, SteppingClock(WEDNESDAY)).go()

    assert seats == [[(1, {gone["id"]})], [(0, set())]]
    assert ([str(one.patient_id) for one in left], await told(intake, organization_id)) == ([gone["id"]], [])


@pytest.mark.parametrize("error", [UpstreamUnavailableError("records"), RuntimeError()])
async def test_the_registrar_goes_on_when_a_round_broke(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it was, the solves and notices beside it go on."""
    done = asyncio.Event()

    class Rounds(RecordSealRounds):
        """The first round breaks."""

        def __init__(self) -> None:
            self.made = 0

        @override
        async def go(self) -> None:
            self.made += 1
            if self.made == 1:
                raise error
            done.set()

    monkeypatch.setattr(registrar, "_BETWEEN_ROUNDS", timedelta())
    monkeypatch.setattr(registrar, "pause_after", lambda _failures: timedelta())
    running = asyncio.create_task(Registrar(Rounds()).run())
    async with asyncio.timeout(60):
        await done.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
