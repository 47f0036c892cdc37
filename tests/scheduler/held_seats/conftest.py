"""The published week of the proposals' tests."""

from tests.scheduler.proposals.conftest import Week, booked, propose, publish, published, week

__all__ = ["Week", "booked", "propose", "publish", "published", "week"]
