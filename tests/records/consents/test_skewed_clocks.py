"""What was revoked or ended carries nothing from its commit on, whichever clock the process has that discloses."""

import httpx2
import pytest

from tests.records.consents.conftest import DOCUMENT, Json, NewConsent, NewRecipient, code_of
from tests.records.disclosures import conftest as disclosures
from tests.records.draw_programmes.conftest import At, at

planned, body, disclose = disclosures.planned, disclosures.body, disclosures.disclose

__all__ = ["at"]

AHEAD = "2026-10-02T15:00:00Z"
"""It is noon."""


@pytest.mark.parametrize(
    ("verb", "content", "rule"),
    [
        ("revoke", {"document_sha256": DOCUMENT}, "consent-revoked"),
        ("end", {"reason": "event_occurred"}, "consent-expired"),
    ],
)
async def test_nothing_is_disclosed_on_it_though_the_clock_of_who_ended_it_was_ahead(
    *, planned: Json, new_consent: NewConsent, disclose: disclosures.Disclose, at: At, verb: str, content: Json,
    rule: str,
) -> None:  # fmt: skip
    consent = await new_consent(planned)
    before = await disclose(planned["id"])
    done = await at(AHEAD).post(f"/v1/consents/{consent['id']}:{verb}", json=content)

    after = await disclose(planned["id"])

    assert (before.status_code, done.status_code) == (201, 200)
    assert (after.status_code, code_of(after)) == (403, rule)


async def test_what_is_irrevocable_for_a_time_carries_until_then_and_not_longer(
    *, director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, new_recipient: NewRecipient,
    disclose: disclosures.Disclose, at: At,
) -> None:  # fmt: skip
    court = await new_recipient(name="Drug court", kind="criminal_justice", hipaa_bound=False)
    consent = await new_consent(
        planned,
        kind="criminal_justice",
        purposes=["criminal_justice_monitoring"],
        recipient_ids=[court["id"]],
        expires_on="2027-06-30",
        expires_upon="final_disposition",
        irrevocable_until="2026-12-01T00:00:00Z",
    )
    path, content = f"/v1/consents/{consent['id']}:revoke", {"document_sha256": DOCUMENT}
    revoked = await director.post(path, json=content)
    asked = {"recipient_id": court["id"], "purpose": "criminal_justice_monitoring"}

    within = await disclose(planned["id"], **asked)
    after = await disclose(planned["id"], at("2026-12-01T00:00:00Z"), **asked)

    assert (revoked.status_code, within.status_code) == (200, 201), within.text
    assert (after.status_code, code_of(after)) == (403, "consent-revoked")
