from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Make, plan_of
from tests.scheduler.weekly import ByHand, Week, weeks_by_hand


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(4)])


@pytest.fixture
def by_hand(
    scheduler: ClientFactory, scheduler_database: Database, organization_id: UUID, clinic: Clinic, clock: Clock
) -> ByHand:
    return weeks_by_hand(scheduler, scheduler_database, organization_id, clinic.site, clock)


@pytest.fixture
def at(scheduler_app: Any) -> Callable[[datetime], None]:
    """Let it be another time for the scheduler."""

    def set_time(instant: datetime) -> None:
        process = scheduler_app.state.process
        scheduler_app.state.process = type(process)(
            Clock(instant - Clock().now()), process.database, process.authenticator
        )

    return set_time
