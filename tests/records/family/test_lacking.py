"""Of whom a site's state wants family counselling that was not held is listed, month by month."""

from datetime import date
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import EncounterId
from services.contracts.identity import Role
from services.contracts.records.family import FamilyExemptionReason, FamilyMonthStatus
from services.records.family.counselling import rule_of
from services.records.family.rules import lacking, month_status, months_of
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.encounters.conftest import Tell, event
from tests.records.family.conftest import Json

HERE = {"zone": "America/New_York"}
ADMISSION = {"programme": "evening-iop", "admitted_on": "2026-08-20"}
FAMILY = {"start": "2026-09-15T22:00:00Z", "end": "2026-09-15T23:00:00Z", "week": "2026-09-14", "service": "family"}


@pytest.mark.usefixtures("in_new_jersey")
async def test_who_lacks_it_is_listed_with_the_months(
    *, director: httpx2.AsyncClient, new_patient: PatientFactory, patient: Json, tell: Tell
) -> None:
    """Of the first, who was admitted on 1 September, nothing was held; the clock stands on 2 October."""
    held, exempt, left = [await new_patient(site_id=patient["site_id"]) for _ in range(3)]
    episodes = {}
    for one in (held, exempt, left):
        answer = await director.post(f"/v1/patients/{one['id']}/episodes", json=ADMISSION)
        assert answer.status_code == 201, answer.text
        episodes[one["id"]] = answer.json()["id"]
    assert (await tell(event(held, **FAMILY))).status_code == 200
    for month in ("2026-08-20", "2026-09-20", "2026-10-01"):
        body = {"month": month, "reason": "refused", "explanation": "Lives alone."}
        assert (await director.post(f"/v1/patients/{exempt['id']}/family_exemptions", json=body)).status_code == 201
    path = f"/v1/episodes/{episodes[left['id']]}:discharge"
    over = {"discharged_on": "2026-09-20", "reason": "completed"}
    assert (await director.post(path, json=over, headers={"if-match": '"1"'})).status_code == 200

    listed = await director.get(f"/v1/sites/{patient['site_id']}/due_family_counselling", params=HERE)

    assert listed.status_code == 200, listed.text
    assert (listed.json()["jurisdiction"], listed.json()["rule"]["citation"]) == ("US-NJ", "N.J.A.C. 10:161B-10.1")
    assert {one["patient_id"]: (one["is_due"], one["missed"]) for one in listed.json()["items"]} == {
        patient["id"]: (True, ["2026-09-01"]),
        held["id"]: (True, ["2026-08-01"]),
    }


async def test_where_no_rule_is_known_or_nobody_may_be_seen_nobody_is_listed(
    records: ClientFactory, director: httpx2.AsyncClient, patient: Json, tell_site: Tell
) -> None:
    path = f"/v1/sites/{patient['site_id']}/due_family_counselling"
    unknown = await director.get(path, params=HERE)
    told = {"id": patient["site_id"], "zone": "America/New_York", "jurisdiction": "US-NJ", "settings_version": 1}
    await tell_site(told)

    outside = await records(Role.COUNSELLOR, account=uuid4()).get(path, params=HERE)
    elsewhere = await director.get(path, params={"zone": "America/Chicago"})

    assert unknown.json() == {"jurisdiction": None, "rule": None, "items": []}
    assert (outside.json()["items"], elsewhere.status_code) == ([], 422)
    assert (await records(Role.FRONT_DESK).get(path, params=HERE)).status_code == 403


MONTHS = [date(2026, month, 1) for month in range(5, 11)]


@given(
    admitted=st.dates(date(2026, 5, 1), date(2026, 10, 2)),
    held=st.sets(st.sampled_from(MONTHS)),
    exempt=st.sets(st.sampled_from(MONTHS)),
)
def test_what_is_lacking_is_what_is_due_or_missed_month_by_month(
    admitted: date, held: set[date], exempt: set[date]
) -> None:
    today, rule = date(2026, 10, 2), rule_of("US-NJ", date(2026, 10, 2))
    assert rule is not None
    sessions = {month: [EncounterId(UUID(int=1))] for month in held}
    reasons = dict.fromkeys(exempt, FamilyExemptionReason.REFUSED)

    found = lacking([(admitted, None)], rule, sessions, exempt, today)

    standing = [month_status(month, rule, sessions, reasons, today) for month in months_of([(admitted, None)], today)]
    open_ones = {FamilyMonthStatus.DUE, FamilyMonthStatus.MISSED}
    assert found == [one.month for one in standing if one.status in open_ones]
