from uuid import UUID

import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Make, plan_of
from tests.scheduler.weekly import ByHand, PublishWeek, Week, weeks_by_hand


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(4)])


@pytest.fixture
def by_hand(
    scheduler: ClientFactory, scheduler_database: Database, organization_id: UUID, clinic: Clinic, clock: Clock
) -> ByHand:
    return weeks_by_hand(scheduler, scheduler_database, organization_id, clinic.site, clock)


@pytest.fixture
def publish_week(by_hand: ByHand) -> PublishWeek:
    return by_hand.publish
