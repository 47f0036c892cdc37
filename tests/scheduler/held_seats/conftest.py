"""The published week of the proposals' tests."""

from tests.scheduler.proposals.conftest import booked, propose, publish, published, week
from tests.scheduler.weekly import Week

__all__ = ["Week", "booked", "propose", "publish", "published", "week"]
