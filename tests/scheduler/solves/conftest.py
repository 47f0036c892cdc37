from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from services.chassis.clock import Clock
from tests.scheduler.conftest import Clinic, Make, plan_of
from tests.scheduler.weekly import Week


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(4)])


@pytest.fixture
def at(scheduler_app: Any) -> Callable[[datetime], None]:
    """Let it be another time for the scheduler."""

    def set_time(instant: datetime) -> None:
        process = scheduler_app.state.process
        scheduler_app.state.process = type(process)(
            Clock(instant - Clock().now()), process.database, process.authenticator
        )

    return set_time
