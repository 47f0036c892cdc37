"""A patient with a sister whom a consent may name."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from tests.records.claims.conftest import patient as patient  # noqa: PLC0414 - a fixture is known by its name here
from tests.records.consents.conftest import SIGNED
from tests.records.encounters.conftest import Tell
from tests.records.encounters.conftest import tell as tell  # noqa: PLC0414 - as above
from tests.records.encounters.conftest import tell_site as tell_site  # noqa: PLC0414 - as above

Json = dict[str, Any]
Consent = Callable[..., Awaitable[Json]]


@pytest.fixture
async def sister(director: httpx2.AsyncClient, patient: Json) -> Json:
    recipient = await director.post("/v1/recipients", json={"name": "Canary Sister", "kind": "family_or_friend"})
    body = {
        "recipient_id": recipient.json()["id"],
        "relationship": "sibling",
        "takes_part": True,
        "note": "Canary note",
    }
    answer = await director.post(f"/v1/patients/{patient['id']}/related_persons", json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


@pytest.fixture
def consent(director: httpx2.AsyncClient, patient: Json, sister: Json) -> Consent:
    async def sign(**changes: Any) -> Json:
        terms = {
            "kind": "specific",
            "disclosing_party": "Harbour Street programme",
            "information": ["scheduling", "attendance"],
            "recipient_ids": [sister["recipient_id"]],
            "purposes": ["family_involvement"],
            "statements": ["right_to_revoke", "consequences_of_refusing", "redisclosure"],
            "expires_on": "2026-12-31",
            "signatures": [SIGNED],
            **changes,
        }
        drafted = await director.post(f"/v1/patients/{patient['id']}/consents", json=terms)
        assert drafted.status_code == 201, drafted.text
        path = f"/v1/consents/{drafted.json()['id']}:activate"
        answer = await director.post(path, headers={"if-match": '"1"'})
        assert answer.status_code == 200, answer.text
        active: Json = answer.json()
        return active

    return sign


@pytest.fixture
async def in_new_jersey(patient: Json, tell_site: Tell) -> None:
    told = {"id": patient["site_id"], "zone": "America/New_York", "jurisdiction": "US-NJ", "settings_version": 1}
    assert (await tell_site(told)).status_code == 200
