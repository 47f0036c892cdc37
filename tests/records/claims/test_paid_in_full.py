"""What the programme agreed to keep from health plans is charged to none of them (42 CFR 2.26)."""

from typing import Any

import httpx2
import pytest

from tests.records.claims.conftest import Attend, Json, Lines, agree, price
from tests.records.claims.test_lines import told

PAID: Json = {
    "information": ["claims"],
    "purposes": ["payment"],
    "recipient_kinds": ["health_plan"],
    "records_from": "2026-09-29",
    "records_until": "2026-09-29",
    "paid_in_full": True,
    "decision": "granted",
}


async def restrict(client: httpx2.AsyncClient, patient: Json, **changes: Any) -> Json:
    answer = await client.post(f"/v1/patients/{patient['id']}/restrictions", json=PAID | changes)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def test_what_the_patient_paid_in_full_is_charged_to_no_payer(
    *, director: httpx2.AsyncClient, biller: httpx2.AsyncClient, patient: Json, attend: Attend, lines: Lines
) -> None:
    await agree(biller, "service_level")
    await price(biller, "H0005", 6_000)
    await attend("2026-09-28")
    await attend("2026-09-29")
    await attend("2026-09-29", "21:00", "22:00", status="noshow")
    before = await lines()
    made = await restrict(director, patient)

    kept = await lines()
    await director.post(f"/v1/restrictions/{made['id']}:end")
    after = await lines()

    assert before["billable_cents"] == 12_000
    assert told(kept) == [("2026-09-28", "H0005", 1, []), ("2026-09-29", None, 0, ["paid_by_patient"])]
    assert [one["is_billable"] for one in kept["items"]] == [True, False]
    assert (kept["billable_cents"], after) == (6_000, before)


async def test_a_day_that_was_paid_privately_is_none_of_a_payer_s_week(
    *, director: httpx2.AsyncClient, biller: httpx2.AsyncClient, patient: Json, attend: Attend, lines: Lines
) -> None:
    await agree(biller, "s9480_per_diem")
    await price(biller, "S9480", 20_000)
    for day in ("2026-09-28", "2026-09-29"):
        await attend(day)
    await restrict(director, patient)

    found = await lines()

    assert told(found) == [("2026-09-28", "S9480", 1, []), ("2026-09-29", None, 0, ["paid_by_patient"])]
    assert found["billable_cents"] == 20_000


@pytest.mark.parametrize(
    ("changes", "gaps"),
    [
        ({"paid_in_full": False}, ["restricted"]),
        ({"paid_in_full": False, "recipient_kinds": ["employer"]}, []),
        ({"paid_in_full": False, "decision": "declined"}, []),
        ({"information": ["attendance"]}, []),
        ({"purposes": ["operations"]}, []),
        ({"records_from": "2026-09-30", "records_until": None}, []),
        ({"records_from": None, "records_until": "2026-09-28"}, []),
        ({"records_from": None, "records_until": None}, ["paid_by_patient"]),
    ],
)
async def test_only_what_is_kept_from_plans_to_be_paid_is_left_out(
    *, director: httpx2.AsyncClient, biller: httpx2.AsyncClient, patient: Json, attend: Attend, lines: Lines,
    changes: Json, gaps: list[str],
) -> None:  # fmt: skip
    await agree(biller, "service_level")
    await price(biller, "H0005", 6_000)
    await attend("2026-09-29")
    await restrict(director, patient, **changes)

    (line,) = (await lines())["items"]

    assert line["gaps"] == gaps
