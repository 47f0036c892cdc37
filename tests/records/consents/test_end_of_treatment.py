"""A consent that ends with the treatment ends with it, whoever enters the discharge and whenever."""

from datetime import date, timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.records.consents.rules import end_of_treatment
from services.records.consents.stays import Stay
from tests.records.consents.conftest import Json, NewConsent, code_of
from tests.records.disclosures import conftest as disclosures
from tests.records.episodes import conftest as episodes

admit, act = episodes.admit, episodes.act
planned, body, disclose = disclosures.planned, disclosures.body, disclosures.disclose

WITH_TREATMENT = {"expires_upon": "end_of_treatment"}
FIRST = date(2026, 9, 1)
_DAYS = st.integers(0, 12).map(lambda days: FIRST + timedelta(days=days))


def discharge(day: str) -> Json:
    return {"discharged_on": day, "reason": "completed"}


async def in_force(director: httpx2.AsyncClient, patient: Json) -> list[str]:
    chart = await director.get(f"/v1/patients/{patient['id']}/chart", params={"zone": "UTC"})
    assert chart.status_code == 200, chart.text
    return [one["id"] for one in chart.json()["consents"]]


# It was signed on 2026-10-01, and it is the 2nd; the last of these is entered late.
@pytest.mark.parametrize("day", ["2026-10-02", "2026-10-01"])
async def test_a_discharge_ends_it_at_once_and_another_admission_does_not_bring_it_back(
    *,
    director: httpx2.AsyncClient,
    planned: Json,
    new_consent: NewConsent,
    disclose: disclosures.Disclose,
    admit: episodes.Admit,
    act: episodes.Act,
    day: str,
) -> None:
    episode, consent = await admit(planned), await new_consent(planned, **WITH_TREATMENT)
    treated, shown = await disclose(planned["id"]), await in_force(director, planned)

    discharged = await act(episode, "discharge", discharge(day))

    after = await disclose(planned["id"])
    assert (treated.status_code, shown, discharged.status_code) == (201, [consent["id"]], 200)
    assert (after.status_code, code_of(after)) == (403, "consent-expired")
    assert after.json()["errors"][0]["detail"] == "obtain a new consent"
    assert await in_force(director, planned) == []
    await admit(planned, programme="another-iop", admitted_on="2026-10-03")
    assert (await disclose(planned["id"])).status_code == 403


@pytest.mark.parametrize(
    ("ends", "second"),
    [
        ({"expires_upon": "none"}, None),
        ({"expires_upon": None, "expires_on": "2027-01-01"}, None),
        # Handed over within the programme: treatment goes on.
        (WITH_TREATMENT, {"programme": "day-php", "admitted_on": "2026-10-02"}),
    ],
)
async def test_what_does_not_end_with_it_or_is_handed_over_on_the_day_holds(
    *,
    planned: Json,
    new_consent: NewConsent,
    disclose: disclosures.Disclose,
    admit: episodes.Admit,
    act: episodes.Act,
    ends: Json,
    second: dict[str, Any] | None,
) -> None:
    episode = await admit(planned)
    await new_consent(planned, **ends)
    if second is not None:
        await admit(planned, **second)

    await act(episode, "discharge", discharge("2026-10-02"))

    assert (await disclose(planned["id"])).status_code == 201


async def test_a_treatment_that_was_over_before_it_was_signed_does_not_end_it(
    planned: Json, new_consent: NewConsent, disclose: disclosures.Disclose, admit: episodes.Admit, act: episodes.Act
) -> None:
    await act(await admit(planned), "discharge", discharge("2026-09-20"))

    await new_consent(planned, **WITH_TREATMENT)

    assert (await disclose(planned["id"])).status_code == 201


def _stay(begin: date, length: int | None) -> Stay:
    return Stay(begin, None if length is None else begin + timedelta(days=length))


@settings(deadline=None)
@given(st.lists(st.builds(_stay, _DAYS, st.none() | st.integers(0, 6)), max_size=5), _DAYS)
def test_it_ends_on_the_first_day_that_leaves_nobody_treating(stays: list[Stay], signed_on: date) -> None:
    days = (signed_on + timedelta(days=count) for count in range(30))

    def goes_on(day: date) -> bool:
        return any(one.admitted_on <= day and (one.discharged_on is None or one.discharged_on > day) for one in stays)

    over = [day for day in days if any(one.discharged_on == day for one in stays) and not goes_on(day)]

    assert end_of_treatment(stays, signed_on) == next(iter(over), None)
