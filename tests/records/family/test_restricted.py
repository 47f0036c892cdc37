"""What the programme agreed to keep from a sister is kept from her, though a consent names her."""

import httpx2
import pytest

from tests.records.draw_programmes.conftest import at
from tests.records.family.conftest import Json
from tests.records.family.test_family import permitted
from tests.records.family.test_participations import SESSION, agree
from tests.records.family.test_related_person_accounts import (
    OWN,
    account,
    attended,
    claimed,
    handed,
    own,
    read,
    sessions,
    signed,
)

__all__ = ["account", "at", "attended", "claimed", "handed", "own", "signed"]


@pytest.mark.usefixtures("attended")
async def test_a_sister_reads_nothing_of_what_is_kept_from_her_until_that_ends(
    director: httpx2.AsyncClient, claimed: httpx2.AsyncClient, patient: Json, sister: Json
) -> None:
    await agree(director, sister, SESSION)
    asked = {
        "information": ["attendance"],
        "purposes": ["family_involvement"],
        "recipient_ids": [sister["recipient_id"]],
        "decision": "granted",
    }
    before = [await read(claimed, sister, "attendance"), await sessions(claimed, sister)]
    made = await director.post(f"/v1/patients/{patient['id']}/restrictions", json=asked)

    kept = [await read(claimed, sister, "attendance"), await sessions(claimed, sister)]
    beside = await read(claimed, sister, "demographics")
    listed = (await claimed.get(OWN)).json()["items"]
    said = (await permitted(director, sister))["attendance"]
    await director.post(f"/v1/restrictions/{made.json()['id']}:end")
    after = await read(claimed, sister, "attendance")

    assert [one.status_code for one in before] == [200, 200], before[1].text
    assert made.status_code == 201, made.text
    assert [one.status_code for one in kept] == [404, 404]
    assert (beside.status_code, after.status_code) == (200, 200)
    assert [one["information"] for one in listed] == [["demographics"]]
    assert (said["is_allowed"], said["rule"]) == (False, "restricted")
