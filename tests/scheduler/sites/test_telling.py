"""Records learns by which zone the days of a site are counted as soon as there is the site."""

from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import UpstreamUnavailableError
from services.chassis.http import HttpClient
from services.clients.attendance import AttendanceClient
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.identity import Role
from services.contracts.records.site_zones import SiteEvent
from services.scheduler.dispatch import SiteCall, read_attendance_call
from services.scheduler.rule_packs.storage import newest
from services.scheduler.sites.telling import SiteTelling
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Json, Make

Queued = Callable[[], Awaitable[list[SiteCall]]]
Contacts = Callable[[str], Awaitable[int]]

QUEUED = "select payload from pgqueuer where entrypoint = 'attendance' order by id"


class Nobody:
    """Records that does not answer."""

    async def receive_site(self, organization_id: OrganizationId, event: SiteEvent) -> None:
        raise UpstreamUnavailableError(f"records, for {organization_id} and {event.id}")


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient()
    yield client
    await client.close()


@pytest.fixture
def telling(scheduler_database: Database, http: HttpClient, records_url: str, clock: Clock) -> SiteTelling:
    return SiteTelling(scheduler_database, AttendanceClient(http, records_url, bytes(32), clock), newest)


@pytest.fixture
def queued(scheduler_database: Database, organization_id: UUID) -> Queued:
    async def fetch() -> list[SiteCall]:
        async with scheduler_database.read(OrganizationId(organization_id)) as read:
            rows = await read.connection.fetch(QUEUED)
        calls = [read_attendance_call(row["payload"]) for row in rows]
        return [one for one in calls if isinstance(one, SiteCall) and one.organization_id == organization_id]

    return fetch


@pytest.fixture
async def site(new_site: Make) -> Json:
    made: Json = await new_site(zone="America/Chicago")
    return made


@pytest.fixture
def call(site: Json, organization_id: UUID) -> SiteCall:
    return SiteCall(OrganizationId(organization_id), SiteId(UUID(site["id"])))


@pytest.fixture
def contacts(records: ClientFactory, site: Json) -> Contacts:
    """What records answers to somebody who says in which zone the site is."""

    async def ask(zone: str) -> int:
        path = f"/v1/sites/{site['id']}/aftercare_contacts"
        return (await records(Role.PROGRAMME_DIRECTOR).get(path, params={"zone": zone})).status_code

    return ask


async def test_a_site_s_zone_is_known_before_anybody_attends(
    queued: Queued, telling: SiteTelling, contacts: Contacts, call: SiteCall
) -> None:
    """Before, records learned it with the first attendance, and counted days of nowhere until then."""
    assert await queued() == [call]
    assert [await contacts(zone) for zone in ("America/Chicago", "UTC")] == [200, 200]

    for _ in range(2):
        await telling.tell(call)

    assert [await contacts(zone) for zone in ("America/Chicago", "UTC")] == [200, 422]


async def test_what_records_does_not_hear_or_refuses_is_told_again(
    *,
    scheduler_database: Database,
    http: HttpClient,
    records_url: str,
    clock: Clock,
    queued: Queued,
    telling: SiteTelling,
    contacts: Contacts,
    call: SiteCall,
) -> None:
    forger = AttendanceClient(http, records_url, b"x" * 32, clock)

    await SiteTelling(scheduler_database, Nobody(), newest).tell(call)
    await SiteTelling(scheduler_database, forger, newest).tell(call._replace(attempts=1))

    [_, second, third] = await queued()
    assert (second, third) == (call._replace(attempts=1), call._replace(attempts=2))
    assert await contacts("UTC") == 200
    await telling.tell(third)
    assert await contacts("UTC") == 422


async def test_a_site_that_was_there_before_is_told_of_once_at_the_upgrade(
    desk: Any, queued: Queued, site: Json, call: SiteCall
) -> None:
    assert site["zone"] == "America/Chicago"
    before = len(await queued())

    await desk.run(import_module("migrations.scheduler.versions.20261130_1910_told_sites").TELL + " returning id")

    assert (await queued())[before:].count(call) == 1


async def test_a_state_that_is_set_up_is_told_and_the_newest_settings_count(
    *, scheduler: ClientFactory, queued: Queued, site: Json, call: SiteCall, scheduler_database: Database
) -> None:
    told: list[SiteEvent] = []

    class Listening:
        async def receive_site(self, organization_id: OrganizationId, event: SiteEvent) -> None:
            assert organization_id == call.organization_id
            told.append(event)

    settings = f"/v1/sites/{site['id']}/rule_settings"
    answer = await scheduler(Role.PROGRAMME_DIRECTOR).put(
        settings, json={"jurisdiction": "US-NJ"}, headers={"if-match": '"0"'}
    )
    assert answer.status_code == 200, answer.text

    assert await queued() == [call, call]
    await SiteTelling(scheduler_database, Listening(), newest).tell(call)
    assert [(one.jurisdiction, one.settings_version) for one in told] == [("US-NJ", 1)]


async def test_a_site_whose_rules_were_set_up_before_is_told_of_once_at_the_upgrade(
    scheduler: ClientFactory, desk: Any, queued: Queued, site: Json, call: SiteCall
) -> None:
    for version in range(2):
        answer = await scheduler(Role.PROGRAMME_DIRECTOR).put(
            f"/v1/sites/{site['id']}/rule_settings",
            json={"jurisdiction": "US-NJ"},
            headers={"if-match": f'"{version}"'},
        )
        assert answer.status_code == 200, answer.text
    before = len(await queued())

    await desk.run(import_module("migrations.scheduler.versions.20261201_1545_states_told").TELL + " returning id")

    assert (await queued())[before:].count(call) == 1
