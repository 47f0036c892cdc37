import pytest

from tests.scheduler.conftest import Clinic, Make, plan_of
from tests.scheduler.weekly import ByHand, PublishWeek, Week


@pytest.fixture
async def week(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(4)])


@pytest.fixture
def publish_week(by_hand: ByHand) -> PublishWeek:
    return by_hand.publish
