"""SMART launch of a patient's own: which patient an application gets, and as whom it is told that the person is."""

import itertools
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import AccountId, PatientId
from services.contracts.identity import Role
from services.gateway.grants.rules import fhir_user
from services.operator.drill.checklist.probes.applications import Application
from services.operator.drill.checklist.probes.signing import Key, decoded
from tests.gateway.conftest import NewAccount, Upstream, answer_json
from tests.gateway.oauth.conftest import FHIR, Browser, Flow, NewApplication, answer_of, scopes_in

OWN, OTHER = UUID(int=21), UUID(int=22)
ASKED: dict[str, str | None] = {
    "scope": "launch/patient openid fhirUser patient/Observation.rs",
    "aud": FHIR,
}


class Records:
    """Records as it answers a patient: whose account is linked reads one record, and the book is for staff."""

    def __init__(self, linked: dict[str, UUID], book: list[UUID]) -> None:
        self.linked = linked
        self.book = book
        self.asked: list[str] = []

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        token = dict(scope["headers"])[b"authorization"].decode().removeprefix("Bearer ")
        claims, path = decoded(token), scope["path"]
        self.asked.append(path)
        if path == "/v1/me/record":
            own = self.linked.get(claims["sub"]) if "patient" in claims["roles"] else None
            shown = {"family_name": "Own", "given_name": "Pat"}
            found: Any = None if own is None else {"patient_id": str(own), "demographics": shown}
            await answer_json(send, found, status=404 if own is None else 200)
        elif not set(claims["roles"]) & {"counsellor", "front_desk"}:
            await answer_json(send, {}, status=403)
        elif path == "/v1/patients":
            query = dict(parse_qsl(scope["query_string"].decode()))
            start = query.get("page_token", "0")
            is_one = query["page_size"] == "200" and start.isdigit()
            await answer_json(send, self._page(int(start)) if is_one else {}, status=200 if is_one else 422)
        else:
            is_there = path.removeprefix("/v1/patients/") in map(str, self.book)
            await answer_json(send, {}, status=200 if is_there else 404)

    def _page(self, start: int) -> dict[str, Any]:
        shown = self.book[start : start + 200]
        more = start + 200 < len(self.book)
        items = [{"id": str(one), "family_name": f"F{one.int:04}", "given_name": "G"} for one in shown]
        return {"items": items, "next_page_token": str(start + 200) if more else None}


@pytest.fixture
async def pat(new_account: NewAccount, clinic: UUID) -> dict[str, Any]:
    return await new_account(organization=clinic, email="pat@example.org", roles=(Role.PATIENT,))


@pytest.fixture
def records(upstream: Upstream, pat: dict[str, Any]) -> Records:
    upstream.answer = records = Records({pat["id"]: OWN}, [OWN, OTHER])
    return records


async def test_59_a_patient_grants_the_own_record_and_is_that_patient(
    browser: Browser, new_application: NewApplication, records: Records
) -> None:
    """Before, the patient was asked for among those of the book, which no patient reads, and had no choice at all."""
    application = await new_application(key=Key())
    consent = await browser.sign_in(await browser.open(application.request(**ASKED)), "pat@example.org")
    assert f'<option value="{OWN}">Own, Pat</option>' in consent.text

    answer = answer_of(await browser.decide(consent, patient_id=str(OWN)))
    tokens = (await Flow(browser, "pat@example.org").redeem(application, answer["code"])).json()
    form = {"token": tokens["access_token"], **application.proof()}
    told = (await browser.client.post("/oauth/introspect", data=form)).json()

    assert tokens["patient"] == str(OWN)
    assert tokens["scope"] == ASKED["scope"]
    assert decoded(tokens["access_token"])["patient"] == str(OWN)
    assert decoded(tokens["id_token"])["fhirUser"] == told["fhirUser"] == f"{FHIR}/Patient/{OWN}"
    assert set(records.asked) == {"/v1/me/record"}


async def test_59_a_patient_grants_nobody_elses_record(
    browser: Browser, application: Application, records: Records
) -> None:
    consent = await browser.sign_in(await browser.open(application.request(**ASKED)), "pat@example.org")

    foreign = answer_of(await browser.decide(consent, patient_id=str(OTHER)))

    assert OTHER in records.book
    assert foreign["error"] == "access_denied"


async def test_59_who_has_claimed_no_record_grants_none(
    browser: Browser, application: Application, records: Records
) -> None:
    records.linked.clear()
    consent = await browser.sign_in(await browser.open(application.request(**ASKED)), "pat@example.org")
    assert "<option value=" in consent.text
    assert str(OWN) not in consent.text

    foreign = answer_of(await browser.decide(consent, patient_id=str(OWN)))
    again = await browser.open(application.request(**ASKED))
    without = answer_of(await browser.decide(again))
    tokens = (await Flow(browser, "pat@example.org").redeem(application, without["code"])).json()

    assert foreign["error"] == "access_denied"
    assert "patient" not in tokens
    assert tokens["scope"] == "openid"
    assert "fhirUser" not in decoded(tokens["id_token"])


async def test_59_who_is_close_to_a_patient_is_told_no_id_of_theirs(
    browser: Browser, application: Application, records: Records, new_account: NewAccount, clinic: UUID
) -> None:
    await new_account(organization=clinic, email="fay@example.org", roles=(Role.FAMILY,))

    consent = await browser.sign_in(await browser.open(application.request(**ASKED)), "fay@example.org")

    assert str(OWN) not in consent.text
    assert records.asked == []


async def test_59_who_treats_patients_and_is_one_chooses_among_both(
    browser: Browser, application: Application, records: Records, new_account: NewAccount, clinic: UUID
) -> None:
    both = await new_account(organization=clinic, email="bo@example.org", roles=(Role.PATIENT, Role.COUNSELLOR))
    records.linked[both["id"]], records.book = OWN, [OTHER]
    consent = await browser.sign_in(await browser.open(application.request(**ASKED)), "bo@example.org")
    assert str(OWN) in consent.text
    assert str(OTHER) in consent.text

    answer = answer_of(await browser.decide(consent, patient_id=str(OWN)))
    tokens = (await Flow(browser, "bo@example.org").redeem(application, answer["code"])).json()

    assert tokens["patient"] == str(OWN)
    assert decoded(tokens["id_token"])["fhirUser"] == f"{FHIR}/Practitioner/{both['id']}"


async def test_the_4001st_patient_can_be_chosen_and_each_showing_asks_for_one_page(
    flow: Flow, application: Application, records: Records
) -> None:
    """Before, each showing opened up to 4,000 charts by name, and who came after them could not be chosen."""
    records.book = [UUID(int=9000 - number) for number in range(4001)]
    page = await flow.browser.sign_in(await flow.browser.open(application.request(**ASKED)), "ada@example.org")
    offered = [_options(page.text)]
    while (more := re.search(r'name="more" value="([^"]+)"', page.text)) is not None:
        page = await flow.browser.turn(page, unescape(more[1]))
        offered.append(_options(page.text))

    answer = answer_of(await flow.browser.decide(page, patient_id=str(records.book[-1])))

    assert [len(one) for one in offered] == [200] * 20 + [1]
    assert all(one == sorted(one) for one in offered)  # by name
    assert sorted(itertools.chain.from_iterable(offered)) == sorted(map(str, records.book))
    assert records.asked.count("/v1/patients") == len(offered)
    assert (await flow.redeem(application, answer["code"])).json()["patient"] == str(records.book[-1])


async def test_what_is_unticked_stays_so_while_patients_are_looked_through(
    flow: Flow, application: Application, records: Records
) -> None:
    records.book = [UUID(int=9000 - number) for number in range(201)]
    page = await flow.browser.sign_in(await flow.browser.open(application.request(**ASKED)), "ada@example.org")

    turned = await flow.browser.turn(page, "200", scopes=["openid"])

    assert re.findall(r'name="scope" value="([^"]+)" checked', turned.text) == ["openid"]
    assert re.findall(r'name="scope" value="([^"]+)">', turned.text) == [
        one for one in scopes_in(page) if one != "openid"
    ]


async def test_a_page_that_is_none_offers_nobody(flow: Flow, application: Application, records: Records) -> None:
    page = await flow.browser.sign_in(await flow.browser.open(application.request(**ASKED)), "ada@example.org")

    turned = await flow.browser.turn(page, "no page of records' own&page_size=1")

    assert (turned.status_code, _options(turned.text)) == (200, [])
    assert "/v1/patients" in records.asked


def _options(page: str) -> list[str]:
    return [part.partition('"')[0] for part in page.split('<option value="')[1:] if part[0] != '"']


@given(st.frozensets(st.sampled_from(Role), min_size=1), st.none() | st.uuids())
def test_who_works_here_is_a_practitioner_and_a_patient_only_who_is_nothing_else(
    roles: frozenset[Role], patient: UUID | None
) -> None:
    account = AccountId(UUID(int=7))
    told = fhir_user(FHIR, account, roles, None if patient is None else PatientId(patient))

    if roles - {Role.PATIENT, Role.FAMILY}:
        assert told == f"{FHIR}/Practitioner/{account}"
    elif Role.PATIENT in roles and patient is not None:
        assert told == f"{FHIR}/Patient/{patient}"
    else:
        assert told is None
