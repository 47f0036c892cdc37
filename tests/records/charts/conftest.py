"""A patient of whom every subject keeps something, and whoever opens the chart."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.contracts.identity import Microservice, Role
from tests.conftest import ClientFactory
from tests.records.assessments.conftest import body as phq
from tests.records.conftest import JoinTeam, PatientFactory, PlanFactory
from tests.records.consents import conftest as consents
from tests.records.draw_programmes import conftest as draws
from tests.records.drug_tests import test_routes as drug_tests
from tests.records.encounters import conftest as encounters
from tests.records.medications.test_routes import INJECTION
from tests.records.plans_of_care.conftest import CONTENTS
from tests.records.recovery.test_recovery import AGREED, ZONE
from tests.support.tokens import Tokens, principal

Json = dict[str, Any]
Lasting = Callable[..., httpx2.AsyncClient]
ReadChart = Callable[..., Awaitable[httpx2.Response]]

tell = encounters.tell
at = draws.at
new_programme = draws.new_programme
new_recipient = consents.new_recipient
hospital = consents.hospital
terms = consents.terms
new_consent = consents.new_consent

ADMISSION: Json = {
    "programme": "evening-iop",
    "admitted_on": "2026-09-01",
    "initial": {"criteria_edition": "asam-3", "level": "2.1"},
}


async def post(client: httpx2.AsyncClient, path: str, body: Json | None = None, **options: Any) -> Json:
    answer = await client.post(path, json=body, **options)
    assert answer.status_code in {200, 201}, answer.text
    made: Json = answer.json()
    return made


@pytest.fixture
def account() -> UUID:
    return uuid4()


@pytest.fixture
def lasting(tokens: Tokens, organization_id: UUID, records: ClientFactory) -> Lasting:
    """Make a caller with a fresh token each time: a whole chart is many requests, and a token lives a minute."""

    def make(role: Role, account: UUID | None = None) -> httpx2.AsyncClient:
        client = records(role)
        who = principal(role, organization=organization_id, account=account)

        async def refresh(request: httpx2.Request) -> None:
            request.headers["authorization"] = f"Bearer {tokens.internal(who, Microservice.RECORDS)}"

        client.event_hooks = {"request": [refresh]}
        return client

    return make


@pytest.fixture
def director(lasting: Lasting) -> httpx2.AsyncClient:
    return lasting(Role.PROGRAMME_DIRECTOR)


@pytest.fixture
def counsellor(lasting: Lasting, account: UUID) -> httpx2.AsyncClient:
    return lasting(Role.COUNSELLOR, account)


@pytest.fixture
async def patient(new_patient: PatientFactory, join_team: JoinTeam, account: UUID) -> Json:
    made = await new_patient()
    await join_team(made, account)
    return made


@pytest.fixture
async def discharged(director: httpx2.AsyncClient, patient: Json) -> Json:
    """An earlier episode that is over, whose contact after 30 days is due today."""
    path = f"/v1/patients/{patient['id']}/episodes"
    earlier = await post(director, path, {**ADMISSION, "programme": "earlier", "admitted_on": "2026-06-01"})
    over = {"discharged_on": "2026-09-02", "reason": "completed"}
    await post(director, f"/v1/episodes/{earlier['id']}:discharge", over, headers={"if-match": '"1"'})
    return await post(director, f"/v1/episodes/{earlier['id']}/aftercare_plan", AGREED, params=ZONE)


@pytest.fixture
async def reviewable(new_programme: draws.NewProgramme, at: draws.At, patient: Json) -> Json:
    """A drug test that can be reviewed: the specimen was looked at."""
    programme = await new_programme(patient)
    evidence = f"/v1/draw_programmes/{programme['id']}/versions/1/evidence"
    drawn = (await at("2027-03-01T12:00:00Z").get(evidence)).json()["draws"]
    days = [one["day"] for one in drawn if one["is_drawn"]][:2]
    made: list[Json] = []
    for day, steps in zip(days, ((drug_tests.NOTIFIED,), _walked(days[1])), strict=True):
        taken = {"patient_id": patient["id"], "programme_id": programme["id"], "day": day}
        test = (await drug_tests.take_up(at(drug_tests.hours_after(day, 0)), taken)).json()
        for hours, step in steps:
            answer = await drug_tests.record(at(drug_tests.hours_after(day, hours)), test, step)
            assert answer.status_code == 200, answer.text
            test = answer.json()
        made.append(test)
    return made[-1]


def _walked(day: str) -> tuple[tuple[float, Json], ...]:
    collected = drug_tests.custody(day)
    return drug_tests.NOTIFIED, drug_tests.REPORTED, (4, collected), (4, drug_tests.ASSESSED)


@pytest.fixture
async def whole(  # noqa: PLR0917 - it takes something of every subject
    director: httpx2.AsyncClient,
    patient: Json,
    discharged: Json,
    reviewable: Json,
    put_plan: PlanFactory,
    new_consent: consents.NewConsent,
    tell: encounters.Tell,
) -> Json:
    """The patient with something in every part, and beside each part something that does not belong in it."""
    path = f"/v1/patients/{patient['id']}"
    episode = await post(director, f"{path}/episodes", ADMISSION)
    await put_plan(patient["id"])
    written = await director.put(f"/v1/episodes/{episode['id']}/plan_of_care", json=CONTENTS)
    assert written.status_code == 200, written.text
    await post(director, f"/v1/episodes/{episode['id']}/plan_of_care:sign", headers={"if-match": '"1"'})
    consent = await new_consent(patient)
    await new_consent(patient, activate=False)
    medication = await post(director, f"{path}/medications", INJECTION)
    await post(director, f"/v1/medications/{medication['id']}/doses", {"day": "2026-09-04", "outcome": "given"})
    ended = await post(director, f"{path}/medications", INJECTION)
    await post(director, f"/v1/medications/{ended['id']}:end", {"last_day": "2026-10-01", "reason": "patient_choice"})
    for value, day in ((1, "2026-09-20"), (2, "2026-09-27")):
        one = await post(director, f"{path}/assessments", phq("gad-7", value, f"{day}T15:00:00Z"))
        await post(director, f"/v1/assessments/{one['id']}:complete", headers={"if-match": '"1"'})
    dangerous = await post(director, f"{path}/assessments", phq(i9=2))
    session = await tell(encounters.event(patient))
    assert session.status_code == 200, session.text
    return {
        "patient": patient,
        "episode": episode,
        "consent": consent,
        "medication": medication,
        "dangerous": dangerous,
        "encounter": session.json()["encounter_id"],
        "contact": discharged["contacts"][1],
        "test": reviewable,
    }


@pytest.fixture
def read_chart(patient: Json) -> ReadChart:
    async def read(client: httpx2.AsyncClient, patient_id: str | UUID | None = None, **query: str) -> httpx2.Response:
        return await client.get(f"/v1/patients/{patient_id or patient['id']}/chart", params={**ZONE, **query})

    return read
