"""Of several consents the one that permits is found, and the answer and the accounting name it."""

import httpx2

from tests.records.consents.conftest import DOCUMENT, Json, NewConsent, code_of
from tests.records.disclosures.conftest import Disclose
from tests.records.disclosures.test_disclosures import accounted

BOTH = ["demographics", "treatment_plan"]


async def test_one_consent_that_covers_all_is_found_behind_one_that_covers_a_part(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, disclose: Disclose
) -> None:
    await new_consent(planned, information=["demographics"])
    whole = await new_consent(planned)

    answer = await disclose(planned["id"], information=BOTH)

    assert (answer.status_code, answer.json()["consent"]["id"]) == (201, whole["id"])
    assert [one["consent_id"] for one in await accounted(director, planned)] == [whole["id"]]


async def test_what_no_single_consent_covers_is_disclosed_in_parts(
    planned: Json, new_consent: NewConsent, disclose: Disclose
) -> None:
    person = await new_consent(planned, information=["demographics"])
    plan = await new_consent(planned, information=["treatment_plan"])

    together = await disclose(planned["id"], information=BOTH)
    apart = [(await disclose(planned["id"], information=[part])).json()["consent"]["id"] for part in BOTH]

    assert (together.status_code, code_of(together)) == (422, "nothing-to-disclose")
    assert [error["pointer"] for error in together.json()["errors"]] == ["/information/1"]
    assert apart == [person["id"], plan["id"]]


async def test_a_consent_that_holds_is_found_behind_one_that_does_not(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, disclose: Disclose
) -> None:
    revoked, holding = await new_consent(planned), await new_consent(planned)
    answer = await director.post(f"/v1/consents/{revoked['id']}:revoke", json={"document_sha256": DOCUMENT})
    assert answer.status_code == 200, answer.text

    answer = await disclose(planned["id"], information=BOTH)

    assert (answer.status_code, answer.json()["consent"]["id"]) == (201, holding["id"])


async def test_a_request_that_is_repeated_rests_on_the_consent_that_it_rested_on(
    director: httpx2.AsyncClient, planned: Json, new_consent: NewConsent, body: Json
) -> None:
    """Before, a consent that was drafted earlier and signed meanwhile took its place, and the request was refused."""
    draft, first = await new_consent(planned, activate=False), await new_consent(planned)
    path, key = f"/v1/patients/{planned['id']}/disclosures", {"idempotency-key": "several-consents"}
    given = await director.post(path, json=body, headers=key)
    signed = await director.post(f"/v1/consents/{draft['id']}:activate", headers={"if-match": '"1"'})
    assert signed.status_code == 200, signed.text

    again = await director.post(path, json=body, headers=key)

    assert (given.status_code, given.json()["consent"]["id"]) == (201, first["id"])
    assert (again.status_code, again.content) == (201, given.content)


async def test_an_order_carries_what_a_consent_carries_in_part(
    planned: Json, new_consent: NewConsent, disclose: Disclose
) -> None:
    await new_consent(
        planned, kind="proceedings", purposes=["legal_proceedings"], information=["demographics"],
        expires_upon=None, expires_on="2027-01-31",
    )  # fmt: skip
    order = {
        "order": "No. 1",
        "subpoena": "No. 2",
        "information": BOTH,
        "issued_at": "2026-09-01T00:00:00Z",
    }

    answer = await disclose(planned["id"], purpose="legal_proceedings", information=BOTH, court_order=order)

    assert (answer.status_code, answer.json()["disclosure"]["basis"]) == (201, "court_order")
