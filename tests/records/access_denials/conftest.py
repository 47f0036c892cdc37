"""What the tests of refusals share with those of disclosures and of what happens at an instant."""

from tests.records.disclosures.conftest import body, disclose, hospital, new_consent, new_recipient, planned, terms
from tests.records.draw_programmes.conftest import at

__all__ = ["at", "body", "disclose", "hospital", "new_consent", "new_recipient", "planned", "terms"]
