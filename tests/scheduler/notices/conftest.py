"""An outbox beneath the routes: subjects queue notices in their own transactions."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database, Read, driver_connection
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId, SiteId
from services.contracts.vocabulary import Modality
from services.scheduler.notices.facts import NoticeFacts, Sitting
from services.scheduler.notices.logic import NoticesLogic
from services.scheduler.sites.logic import SitesReader
from tests.scheduler.conftest import ZONE, Json, Make

NEW_YORK = ZoneInfo(ZONE)


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of October 2026 in New York, whose tests' clock stands at Friday 2nd, 08:00."""
    return datetime(2026, 10, day, hour, minute, tzinfo=NEW_YORK)


def sitting(start: datetime, modality: Modality = Modality.ON_SITE, minutes: int = 90) -> Sitting:
    return Sitting(start, start + timedelta(minutes=minutes), modality)


@pytest.fixture
async def site(new_site: Make) -> Json:
    return await new_site()


@pytest.fixture
def patient_id() -> PatientId:
    return PatientId(uuid4())


@pytest.fixture
def facts(site: Json) -> Callable[..., NoticeFacts]:
    """Facts about one appointment at the site, always the same one unless told otherwise."""
    appointment_id = AppointmentId(uuid4())

    def make(**given: Any) -> NoticeFacts:
        return NoticeFacts(**{"site_id": SiteId(UUID(site["id"])), "appointment_id": appointment_id, **given})

    return make


Outbox = Callable[[], AbstractAsyncContextManager[NoticesLogic]]


@pytest.fixture
def outbox(scheduler_database: Database, organization_id: UUID, clock: Clock) -> Outbox:
    """Opens a business transaction with the outbox in it."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[NoticesLogic]:
        organization = OrganizationId(organization_id)
        async with scheduler_database.command(organization) as db:
            sites = SitesReader(Read(await driver_connection(db)))
            yield NoticesLogic(db, organization, sites, clock)

    return opened
