"""The services of a week are part of what is signed, and a plan whose weeks were changed since is to be amended."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.contracts.identifiers import EpisodeId
from services.records.plans_of_care.digests import digest_of
from tests.records.plans_of_care.conftest import CONTENTS, Act, Json, match

Plan = Callable[..., Awaitable[None]]
MORE = [{"service": "process_group", "minutes_per_week": 540}, {"service": "individual", "minutes_per_week": 60}]


@pytest.fixture
def plan_weeks(counsellor: httpx2.AsyncClient, patient: Json, plan_body: Json) -> Plan:
    async def put(version: int, **changes: Any) -> None:
        path = f"/v1/patients/{patient['id']}/treatment_plan"
        headers = {} if version == 0 else {"if-match": f'"{version}"'}
        answer = await counsellor.put(path, json={**plan_body, **changes}, headers=headers)
        assert answer.status_code in (200, 201), answer.text

    return put


async def due(counsellor: httpx2.AsyncClient, site_id: UUID) -> list[str]:
    answer = await counsellor.get(f"/v1/sites/{site_id}/due_plans_of_care", params={"day": "2026-10-02"})
    return [duty["kind"] for one in answer.json()["items"] for duty in one["duties"]]


async def test_a_version_says_the_services_of_its_day_and_they_are_what_is_signed(
    *, counsellor: httpx2.AsyncClient, path: str, plan_weeks: Plan, plan_body: Json, act: Act
) -> None:
    await plan_weeks(0)
    first = (await counsellor.put(path, json=CONTENTS)).json()
    await plan_weeks(1, required_services=MORE)
    second = (await counsellor.put(path, json=CONTENTS, headers=match(first))).json()
    signed = await act(second, "sign")
    answer = {"manner": "electronic", "signed_at": signed["written_at"]}

    attested = await act(signed, "attest", answer)

    services = [one["contents"]["required_services"] for one in (first, second)]
    assert services == [
        [{"every_weeks": 1, **one} for one in asked] for asked in (plan_body["required_services"], MORE)
    ]
    assert first["contents"]["services_from"] == plan_body["effective_from"]
    episode_id, contents = EpisodeId(UUID(second["episode_id"])), second["contents"]
    with_other_services = contents | {"required_services": services[0]}
    assert attested["acts"][-1]["sha256"] == digest_of(episode_id, 2, contents)
    assert attested["acts"][-1]["sha256"] != digest_of(episode_id, 2, with_other_services)


async def test_a_signed_plan_whose_weeks_were_changed_is_to_be_amended(
    *, counsellor: httpx2.AsyncClient, path: str, plan_weeks: Plan, act: Act, site_id: UUID
) -> None:
    await plan_weeks(0)
    draft = (await counsellor.put(path, json=CONTENTS)).json()
    signed = await act(draft, "sign")
    as_signed = await due(counsellor, site_id)
    await plan_weeks(1, languages=["en", "es"])
    other_language = await due(counsellor, site_id)
    await plan_weeks(2, required_services=MORE)
    changed = await due(counsellor, site_id)

    amended = await act(signed, "amend", {"contents": CONTENTS, "reason": "Individual sessions as well."})
    unsigned = await due(counsellor, site_id)
    await act(amended, "sign")

    assert [one.count("services") for one in (as_signed, other_language, changed, unsigned)] == [0, 0, 1, 0]
    assert "services" not in await due(counsellor, site_id)


async def test_a_plan_that_was_signed_before_any_week_was_planned_is_to_be_amended(
    *, counsellor: httpx2.AsyncClient, plan_weeks: Plan, signed: Json, site_id: UUID
) -> None:
    assert signed["contents"]["required_services"] is None
    before = await due(counsellor, site_id)

    await plan_weeks(0)

    assert "services" not in before
    assert "services" in await due(counsellor, site_id)


async def test_the_services_are_not_what_the_caller_says(counsellor: httpx2.AsyncClient, path: str) -> None:
    answer = await counsellor.put(path, json=CONTENTS | {"required_services": MORE})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/required_services"]
