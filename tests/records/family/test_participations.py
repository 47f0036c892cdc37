"""Who of the family takes part: by the patient's agreement, and as long as a consent lets them learn of it."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import Engine
from sqlalchemy.event import listen as listen_to
from sqlalchemy.event import remove as forget

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import DOCUMENT, code_of
from tests.records.consents.test_consents import without_instance
from tests.records.family.conftest import Consent, Json

TO_THE_GROUP: Json = {"recipient_kinds": ["multi_family_group"]}
SESSION: Json = {"kind": "family_session", "patient_agreed_on": "2026-09-28"}
TOGETHER: Json = {"kind": "multi_family_group", "patient_agreed_on": "2026-09-28", "promised_on": "2026-09-29"}


async def agree(client: httpx2.AsyncClient, person: Json, body: Json = TOGETHER) -> httpx2.Response:
    return await client.post(f"/v1/related_persons/{person['id']}/participations", json=body)


async def listed(client: httpx2.AsyncClient, patient_id: str) -> list[Json]:
    answer = await client.get(f"/v1/patients/{patient_id}/family_participations")
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def test_nobody_sits_in_a_group_who_may_not_learn_that_the_patient_attends(
    director: httpx2.AsyncClient, sister: Json, consent: Consent
) -> None:
    alone = await agree(director, sister)
    await consent(information=["scheduling"])
    of_less = await agree(director, sister)
    nobody = await listed(director, sister["patient_id"])
    signed = await consent(**TO_THE_GROUP)
    agreed = await agree(director, sister)

    assert [(one.status_code, code_of(one)) for one in (alone, of_less)] == [
        (403, "no-consent"), (403, "consent-without-information"),
    ]  # fmt: skip
    assert alone.json()["errors"][0]["detail"] in alone.json()["detail"]
    assert (nobody, agreed.status_code) == ([], 201)
    assert agreed.json()["may_take_part"] is True
    assert await listed(director, sister["patient_id"]) == [agreed.json()]
    await director.post(f"/v1/consents/{signed['id']}:revoke", json={"document_sha256": DOCUMENT})
    (after,) = await listed(director, sister["patient_id"])
    assert (after["may_take_part"], after["ended_at"]) == (False, None)
    assert after["rule"]
    assert after["remedy"]


async def test_family_sessions_and_a_multi_family_group_are_agreed_to_apart_and_each_once(
    director: httpx2.AsyncClient, sister: Json, consent: Consent
) -> None:
    await consent(**TO_THE_GROUP)

    made = [await agree(director, sister, body) for body in (SESSION, TOGETHER, TOGETHER)]
    path = f"/v1/family_participations/{made[1].json()['id']}:end"
    ended = [await director.post(path) for _ in range(2)]
    anew = await agree(director, sister)

    assert [one.status_code for one in made] == [201, 201, 409]
    assert ([one.status_code for one in ended], anew.status_code) == ([200, 409], 201)
    items = await listed(director, sister["patient_id"])
    assert [(one["kind"], one["may_take_part"], one["ended_at"] is None) for one in items] == [
        ("family_session", True, True),
        ("multi_family_group", False, False),
        ("multi_family_group", True, True),
    ]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"promised_on": None}, ""),
        ({"kind": "family_session"}, ""),
        ({"promised_on": "2026-10-09"}, "/promised_on"),
        ({"patient_agreed_on": "2026-10-09"}, "/patient_agreed_on"),
        ({"kind": "anything"}, "/kind"),
    ],
)
async def test_a_participation_without_the_promise_or_of_a_day_ahead_is_refused(
    director: httpx2.AsyncClient, sister: Json, consent: Consent, changes: Json, pointer: str
) -> None:
    await consent()

    answer = await agree(director, sister, {**TOGETHER, **changes})

    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    assert await listed(director, sister["patient_id"]) == []


async def test_who_is_close_no_longer_takes_part_no_longer(
    director: httpx2.AsyncClient, sister: Json, consent: Consent
) -> None:
    await consent()
    await agree(director, sister, SESSION)

    await director.post(f"/v1/related_persons/{sister['id']}:end")

    (item,) = await listed(director, sister["patient_id"])
    assert (item["may_take_part"], item["rule"]) == (False, None)
    assert (await agree(director, sister, SESSION)).status_code == 409


async def test_no_family_is_named_to_another_and_strangers_learn_nothing(
    *,
    director: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
    records: ClientFactory,
    sister: Json,
    consent: Consent,
    new_patient: PatientFactory,
) -> None:
    await consent()
    made: Any = (await agree(director, sister, SESSION)).json()
    other = await new_patient(given_name="Other")

    assert await listed(director, other["id"]) == []
    for client in (stranger, records(Role.COUNSELLOR)):
        for known, unknown in (
            (await agree(client, sister), await agree(client, {"id": uuid4()})),
            (
                await client.get(f"/v1/patients/{sister['patient_id']}/family_participations"),
                await client.get(f"/v1/patients/{uuid4()}/family_participations"),
            ),
            (
                await client.post(f"/v1/family_participations/{made['id']}:end"),
                await client.post(f"/v1/family_participations/{uuid4()}:end"),
            ),
        ):
            assert known.status_code == 404
            assert without_instance(known) == without_instance(unknown)
    refused = records(Role.BILLING)
    assert (await agree(refused, sister)).status_code == 403
    assert (await refused.get(f"/v1/patients/{sister['patient_id']}/family_participations")).status_code == 403


async def test_nobody_sits_in_a_multi_family_group_whose_families_may_not_learn_that_the_patient_attends(
    director: httpx2.AsyncClient, sister: Json, consent: Consent
) -> None:
    """Before, the consent to telling the sister let her bring the patient before every other family."""
    await consent()
    apart, together = await agree(director, sister, SESSION), await agree(director, sister)
    named = await consent(**TO_THE_GROUP)
    agreed = await agree(director, sister)
    await director.post(f"/v1/consents/{named['id']}:revoke", json={"document_sha256": DOCUMENT})

    assert (apart.status_code, together.status_code) == (201, 403)
    assert code_of(together) == "consent-does-not-name-recipient"
    (error,) = together.json()["errors"]
    assert error["pointer"] == "/kind"
    assert "recipient_kinds name multi_family_group" in error["detail"]
    assert (agreed.status_code, agreed.json()["may_take_part"]) == (201, True)
    items = await listed(director, sister["patient_id"])
    assert [(one["kind"], one["may_take_part"], one["rule"]) for one in items] == [
        ("family_session", True, None),
        ("multi_family_group", False, "consent-revoked"),
    ]


async def test_a_consent_to_the_families_of_a_group_is_none_to_the_sister(
    director: httpx2.AsyncClient, sister: Json, consent: Consent
) -> None:
    await consent(recipient_ids=[], **TO_THE_GROUP)

    answers = [await agree(director, sister, body) for body in (SESSION, TOGETHER)]

    assert [(one.status_code, code_of(one)) for one in answers] == [(403, "consent-does-not-name-recipient")] * 2
    assert not any("multi_family_group" in one.text for one in answers)


async def test_a_refused_participation_is_among_the_denials_with_its_rule_and_what_would_satisfy_it(
    director: httpx2.AsyncClient, records: ClientFactory, sister: Json, consent: Consent
) -> None:
    """Before, it was told to whoever asked and kept nowhere."""
    await agree(director, sister, SESSION)
    await consent()
    await agree(director, sister)

    told = (await records(Role.AUDITOR).get("/v1/access_denials")).json()["items"]

    assert [(one["operation_id"], one["rule"], one["clause"], one["remedy"]) for one in told] == [
        ("create_family_participation", "no-consent", "42 CFR 2.33(a)", "obtain the patient's written consent"),
        (
            "create_family_participation",
            "consent-does-not-name-recipient",
            "42 CFR 2.31(a)(4)",
            "obtain a consent that names this recipient",
        ),
    ]
    assert {(one["patient_id"], one["information"], one["purpose"]) for one in told} == {
        (sister["patient_id"], "attendance", "family_involvement")
    }
    # Of the other families nobody is a recipient by name.
    assert [one["recipient_id"] for one in told] == [sister["recipient_id"], None]


async def test_it_takes_no_more_statements_to_list_many_than_one(
    director: httpx2.AsyncClient, sister: Json, consent: Consent
) -> None:
    """Before, each of them locked the patient and read every consent again."""
    await consent(recipient_kinds=["family_or_friend"])

    async def sent() -> int:
        statements: list[str] = []

        def listen(*told: Any) -> None:
            statements.append(told[2])

        listen_to(Engine, "before_cursor_execute", listen)
        try:
            await listed(director, sister["patient_id"])
        finally:
            forget(Engine, "before_cursor_execute", listen)
        return len(statements)

    await agree(director, sister, SESSION)
    of_one = await sent()
    for number in range(4):
        recipient = await director.post("/v1/recipients", json={"name": f"R{number}", "kind": "family_or_friend"})
        body = {"recipient_id": recipient.json()["id"], "relationship": "friend"}
        person = await director.post(f"/v1/patients/{sister['patient_id']}/related_persons", json=body)
        assert (await agree(director, person.json(), SESSION)).status_code == 201

    of_five = await sent()

    assert len(await listed(director, sister["patient_id"])) == 5
    assert of_one > 0
    assert of_five == of_one
