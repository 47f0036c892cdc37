"""A passkey is added, signs its person in and proves them again; what an honest device would not sign is refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import cbor2
import httpx2
import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.gateway.attempts.rules import NETWORK
from services.gateway.login.tables import LoginSessionRow
from services.gateway.passkeys.rules import (
    BrokenCeremonyError,
    RelyingParty,
    challenge_in,
    shown_by,
    verified_count,
    verified_new,
)
from services.gateway.passkeys.tables import ChallengeRow
from services.operator.drill.checklist.probes.passkeys import (
    CAN_BE_SYNCED,
    IS_SYNCED,
    PRESENT,
    VERIFIED,
    Key,
    Passkey,
    encode,
)
from tests.gateway.conftest import PASSWORD, PUBLIC_URL, GatewayFactory, NewAccount, NewOrganization

SESSIONS = "/v1/login_sessions"
MINE = "/v1/me/passkeys"
DOMAIN = "eventide.test"


class Person:
    """Somebody signed in, with a device."""

    def __init__(self, client: httpx2.AsyncClient, email: str = "ada@example.org") -> None:
        self.client = client
        self.email = email
        self.device = Passkey(PUBLIC_URL, DOMAIN)
        self.session: dict[str, Any] = {}
        self.passkey: dict[str, Any] = {}

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.session['access_token']}"}

    async def post(self, path: str, body: Any = None) -> httpx2.Response:
        return await self.client.post(path, json=body, headers=self.bearer)

    async def sign_in(self, **body: Any) -> httpx2.Response:
        answer = await self.client.post(SESSIONS, json={"email": self.email, "password": PASSWORD, **body})
        if answer.status_code == 201:
            self.session = answer.json()
        return answer

    async def options(self, password: str | None = PASSWORD) -> httpx2.Response:
        return await self.post(f"{MINE}:options", {} if password is None else {"password": password})

    async def add(self, answer: dict[str, Any] | None = None, name: str = "My phone") -> httpx2.Response:
        if answer is None:
            options = await self.options()
            assert options.status_code == 201, options.text
            answer = self.device.create(options.json()["public_key"])
        added = await self.post(MINE, {"name": name, "credential": answer})
        if added.status_code == 201:
            self.passkey = added.json()
        return added

    async def challenge(self) -> dict[str, Any]:
        answer = await self.client.post("/v1/passkey_challenges")
        assert answer.status_code == 201, answer.text
        options: dict[str, Any] = answer.json()["public_key"]
        return options

    async def enter(self, answer: dict[str, Any] | None = None, **body: Any) -> httpx2.Response:
        if answer is None:
            answer = self.device.get(await self.challenge())
        entered = await self.client.post(f"{SESSIONS}:with_passkey", json={"credential": answer, **body})
        if entered.status_code == 201:
            self.session = entered.json()
        return entered

    async def step_up(self, answer: dict[str, Any] | None = None) -> httpx2.Response:
        if answer is None:
            asked = await self.post(f"{MINE}:step_up_options")
            assert asked.status_code == 201, asked.text
            answer = self.device.get(asked.json()["public_key"])
        stepped = await self.post(f"{SESSIONS}/{self.session['id']}:step_up", {"passkey": answer})
        if stepped.status_code == 200:
            self.session = stepped.json()
        return stepped


@pytest.fixture
async def ada(gateway: GatewayFactory, new_account: NewAccount) -> Person:
    await new_account()
    person = Person(gateway())
    assert (await person.sign_in()).status_code == 201
    return person


@pytest.fixture
async def keyed(ada: Person) -> Person:
    added = await ada.add()
    assert added.status_code == 201, added.text
    return ada


@pytest.fixture
async def eve(gateway: GatewayFactory, new_account: NewAccount) -> Person:
    await new_account(email="eve@example.org")
    person = Person(gateway(), "eve@example.org")
    await person.sign_in()
    assert (await person.add()).status_code == 201
    return person


async def events(gateway: GatewayFactory, organization_id: str, kind: str) -> list[dict[str, Any]]:
    auditor = gateway(Role.AUDITOR, organization=UUID(organization_id))
    answer = await auditor.get("/v1/security_events", params={"kind": kind})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def forget_freshness(database: Database, person: Person) -> None:
    """Let the proof of a session be older than counts as fresh, and take the next token of it."""
    async with database.command(OrganizationId(UUID(person.session["organization_id"]))) as db:
        await db.execute(update(LoginSessionRow).values(auth_time=LoginSessionRow.auth_time - timedelta(seconds=301)))
    secret = person.session["session_secret"]
    person.session = (await person.client.post(f"{SESSIONS}:refresh", json={"session_secret": secret})).json()


async def test_86_the_passkey_of_who_is_shut_out_opens_nothing_and_tells_nothing(
    keyed: Person, operator: httpx2.AsyncClient
) -> None:
    organization, account = keyed.session["organization_id"], keyed.session["account_id"]
    await operator.post(f"/v1/organizations/{organization}/accounts/{account}:disable")

    refused = await keyed.enter()

    assert (refused.status_code, refused.json()["code"]) == (401, "passkey-refused")


async def test_a_passkey_signs_its_person_in_as_two_factors_without_a_name_or_a_password(keyed: Person) -> None:
    entered = await keyed.enter()

    session = entered.json()
    assert entered.status_code == 201, entered.text
    assert (session["amr"], session["acr"]) == (["pop", "user", "mfa"], "aal2")
    assert session["account_id"] == (await keyed.client.get("/v1/me", headers=keyed.bearer)).json()["account_id"]


async def test_options_ask_for_a_verified_user_and_name_nobody_but_the_person_themself(ada: Person) -> None:
    made = (await ada.options()).json()["public_key"]
    asked = await ada.challenge()

    assert made["rp"] == {"name": "Eventide", "id": DOMAIN}
    assert made["attestation"] == "none"
    assert made["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
    }  # fmt: skip
    assert made["user"]["name"] == "ada@example.org"
    assert (asked["rpId"], asked["userVerification"], asked["allowCredentials"]) == (DOMAIN, "required", [])


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
async def test_keys_of_each_kind_sign_in(ada: Person, algorithm: str) -> None:
    ada.device.key = Key(algorithm)

    assert (await ada.add()).status_code == 201
    assert (await ada.enter()).status_code == 201


async def test_a_device_that_has_one_of_the_passkeys_is_told_so(keyed: Person) -> None:
    await keyed.step_up()
    options = (await keyed.options(None)).json()["public_key"]
    again = await keyed.add(keyed.device.create(options))

    assert [one["id"] for one in options["excludeCredentials"]] == [encode(keyed.device.credential_id)]
    assert (again.status_code, again.json()["code"]) == (409, "passkey-exists")


async def test_passkeys_are_listed_renamed_and_removed_and_a_removed_one_opens_nothing(
    keyed: Person, gateway: GatewayFactory
) -> None:
    organization = keyed.session["organization_id"]
    renamed = await keyed.post(f"{MINE}/{keyed.passkey['id']}:rename", {"name": "Old phone"})
    stale = await keyed.post(f"{MINE}/{keyed.passkey['id']}:remove")
    await keyed.step_up()
    listed = (await keyed.client.get(MINE, headers=keyed.bearer)).json()["items"]
    removed = await keyed.post(f"{MINE}/{keyed.passkey['id']}:remove")

    assert renamed.json() == keyed.passkey | {"name": "Old phone"}
    assert (stale.status_code, stale.json()["code"]) == (401, "insufficient-user-authentication")
    assert [(one["name"], one["is_synced"], one["last_used_at"] is None) for one in listed] == [
        ("Old phone", False, False)
    ]
    assert removed.status_code == 204
    assert (await keyed.enter()).status_code == 401
    assert (await keyed.client.get(MINE, headers=keyed.bearer)).json()["items"] == []
    for kind in ("passkey_added", "passkey_renamed", "passkey_removed"):
        assert [event["account_id"] for event in await events(gateway, organization, kind)] == [
            keyed.session["account_id"]
        ]


async def test_nobody_sees_renames_or_removes_a_passkey_of_somebody_else(keyed: Person, eve: Person) -> None:
    await eve.step_up()

    renamed = await eve.post(f"{MINE}/{keyed.passkey['id']}:rename", {"name": "Mine now"})
    removed = await eve.post(f"{MINE}/{keyed.passkey['id']}:remove")
    missing = await eve.post(f"{MINE}/{uuid4()}:remove")
    listed = (await eve.client.get(MINE, headers=eve.bearer)).json()["items"]

    assert [renamed.status_code, removed.status_code, missing.status_code] == [404, 404, 404]
    assert [one["id"] for one in listed] == [eve.passkey["id"]]
    assert (await keyed.enter()).status_code == 201


async def test_who_has_only_the_session_adds_none(ada: Person) -> None:
    answers = [await ada.options("wrong horse battery staple"), await ada.options(None)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "password-refused")] * 2


async def test_guessing_the_password_within_a_session_is_held_up(ada: Person) -> None:
    statuses = [(await ada.options("wrong horse battery staple")).status_code for _ in range(11)]

    assert statuses == [403] * 10 + [429]


async def test_a_password_is_not_enough_to_add_another_or_codes_once_there_is_a_passkey(keyed: Person) -> None:
    await keyed.sign_in()
    refused = [await keyed.options(), await keyed.post("/v1/me/totp", {"password": PASSWORD})]
    await keyed.step_up()
    allowed = [await keyed.options(None), await keyed.post("/v1/me/totp", {"password": PASSWORD})]

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [
        (401, "insufficient-user-authentication")
    ] * 2
    assert "insufficient_user_authentication" in refused[0].headers["www-authenticate"]
    assert [answer.status_code for answer in allowed] == [201, 201]


async def test_a_password_is_not_enough_to_add_one_once_there_are_codes(ada: Person, clock: Clock) -> None:
    secret = (await ada.post("/v1/me/totp", {"password": PASSWORD})).json()["secret"]
    code = pyotp.TOTP(secret).at(clock.now())
    assert (await ada.post("/v1/me/totp:confirm", {"one_time_code": code})).status_code == 200

    assert (await ada.options()).status_code == 401


async def test_a_token_that_no_sign_in_gave_adds_and_proves_nothing(gateway: GatewayFactory) -> None:
    client = gateway(Role.NURSE)

    answers = [
        await client.post(f"{MINE}:options", json={"password": PASSWORD}),
        await client.post(MINE, json={"name": "x", "credential": {}}),
        await client.post(f"{MINE}:step_up_options"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


async def test_a_name_with_a_control_character_is_refused(ada: Person) -> None:
    options = (await ada.options()).json()["public_key"]

    answer = await ada.add(ada.device.create(options), name="My\u0000phone")

    assert answer.status_code == 422


def _from_elsewhere(person: Person, options: dict[str, Any], act: str) -> dict[str, Any]:
    return person.device.act(act, options, origin="https://eventide.test.evil.example")


def _on_http(person: Person, options: dict[str, Any], act: str) -> dict[str, Any]:
    return person.device.act(act, options, origin="http://eventide.test")


def _for_another_domain(person: Person, options: dict[str, Any], act: str) -> dict[str, Any]:
    person.device.domain = "evil.example"
    return person.device.act(act, options)


def _unverified(person: Person, options: dict[str, Any], act: str) -> dict[str, Any]:
    person.device.flags = PRESENT
    return person.device.act(act, options)


def _absent(person: Person, options: dict[str, Any], act: str) -> dict[str, Any]:
    person.device.flags = VERIFIED
    return person.device.act(act, options)


def _in_a_frame(person: Person, options: dict[str, Any], act: str) -> dict[str, Any]:
    return person.device.act(act, options, crossOrigin=True)


def _of_the_other_kind(person: Person, options: dict[str, Any], act: str) -> dict[str, Any]:
    return person.device.act(act, options, type={"create": "webauthn.get", "get": "webauthn.create"}[act])


def _of_an_own_challenge(person: Person, options: dict[str, Any], act: str) -> dict[str, Any]:
    return person.device.act(act, options | {"challenge": encode(bytes(32))})


LIES = [_from_elsewhere, _on_http, _for_another_domain, _unverified, _absent, _in_a_frame, _of_the_other_kind,
        _of_an_own_challenge]  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
async def test_what_no_honest_device_makes_is_not_added(ada: Person, lie: Callable[..., dict[str, Any]]) -> None:
    options = (await ada.options()).json()["public_key"]

    answer = await ada.add(lie(ada, options, "create"))

    assert (answer.status_code, answer.json()["code"]) == (403, "passkey-not-added")


@pytest.mark.parametrize("lie", LIES)
async def test_what_no_honest_device_signs_signs_nobody_in(keyed: Person, lie: Callable[..., dict[str, Any]]) -> None:
    answer = await keyed.enter(lie(keyed, await keyed.challenge(), "get"))

    assert (answer.status_code, answer.json()["code"]) == (401, "passkey-refused")


async def test_another_key_does_not_sign_for_a_passkey(keyed: Person) -> None:
    keyed.device.key = Key()

    assert (await keyed.enter()).status_code == 401


@pytest.mark.parametrize("flags", [PRESENT | VERIFIED | CAN_BE_SYNCED | IS_SYNCED])
async def test_a_synced_passkey_says_so(ada: Person, flags: int) -> None:
    ada.device.flags = flags

    assert (await ada.add()).json()["is_synced"] is True
    assert (await ada.enter()).status_code == 201


async def test_a_challenge_opens_once(keyed: Person) -> None:
    options = await keyed.challenge()

    answers = [await keyed.enter(keyed.device.get(options)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 401]


async def test_a_challenge_that_was_answered_wrongly_opens_nothing_any_more(keyed: Person) -> None:
    options = await keyed.challenge()
    wrong = await keyed.enter(_unverified(keyed, options, "get"))
    keyed.device.flags = PRESENT | VERIFIED

    assert (wrong.status_code, (await keyed.enter(keyed.device.get(options))).status_code) == (401, 401)


async def test_a_challenge_grows_old(keyed: Person, gateway_database: Database) -> None:
    options = await keyed.challenge()
    async with gateway_database.command(None) as db:
        await db.execute(update(ChallengeRow).values(expires_at=ChallengeRow.expires_at - timedelta(seconds=301)))

    assert (await keyed.enter(keyed.device.get(options))).status_code == 401


async def test_a_challenge_is_of_one_purpose_one_person_and_one_session(keyed: Person, eve: Person) -> None:
    asked = (await keyed.post(f"{MINE}:step_up_options")).json()["public_key"]
    anybodys = await keyed.challenge()
    eves = (await eve.post(f"{MINE}:step_up_options")).json()["public_key"]

    entered = await keyed.enter(keyed.device.get(asked))
    stepped = [await keyed.step_up(keyed.device.get(options)) for options in (anybodys, eves)]
    mine = (await keyed.post(f"{MINE}:step_up_options")).json()["public_key"]
    await keyed.sign_in()
    elsewhere = await keyed.step_up(keyed.device.get(mine))

    assert entered.status_code == 401
    assert [(answer.status_code, answer.json()["code"]) for answer in (*stepped, elsewhere)] == [
        (403, "code-refused")
    ] * 3


async def test_options_of_another_session_add_nothing(ada: Person, eve: Person) -> None:
    await eve.step_up()
    options = (await eve.options(None)).json()["public_key"]

    assert (await ada.add(ada.device.create(options))).status_code == 403


async def test_the_passkey_of_another_person_neither_signs_in_as_me_nor_proves_me_again(
    keyed: Person, eve: Person
) -> None:
    own_handle = eve.device.user_handle
    eve.device.user_handle = keyed.device.user_handle
    as_ada = await keyed.enter(eve.device.get(await keyed.challenge()))
    eve.device.user_handle = None
    as_nobody = await keyed.enter(eve.device.get(await keyed.challenge()))
    asked = (await keyed.post(f"{MINE}:step_up_options")).json()["public_key"]
    eve.device.user_handle = own_handle
    stepped = await keyed.step_up(eve.device.get(asked))

    assert [as_ada.status_code, as_nobody.status_code, stepped.status_code] == [401, 401, 403]


async def test_a_counter_that_does_not_rise_is_refused_and_told(keyed: Person, gateway: GatewayFactory) -> None:
    assert (await keyed.enter()).status_code == 201
    organization = keyed.session["organization_id"]
    keyed.device.count -= 1
    entered = await keyed.enter()
    keyed.device.count -= 1
    stepped = await keyed.step_up()
    higher = await keyed.enter()

    assert [entered.status_code, stepped.status_code, higher.status_code] == [401, 403, 201]
    for kind in ("sign_in_refused", "step_up_refused"):
        (event,) = await events(gateway, organization, kind)
        assert (event["account_id"], event["reason"]) == (keyed.session["account_id"], "passkey-counter-fell")


async def test_a_counter_that_somebody_makes_up_is_no_reason_to_suspect_a_device(
    keyed: Person, gateway: GatewayFactory
) -> None:
    assert (await keyed.enter()).status_code == 201
    forged = Passkey(PUBLIC_URL, DOMAIN, credential_id=keyed.device.credential_id)
    forged.user_handle = keyed.device.user_handle

    assert (await keyed.enter(forged.get(await keyed.challenge()))).status_code == 401
    (event,) = await events(gateway, keyed.session["organization_id"], "sign_in_refused")
    assert event["reason"] == "passkey-refused"


async def test_a_device_that_does_not_count_signs_in_again_and_again(keyed: Person) -> None:
    keyed.device.counts = False

    assert [(await keyed.enter()).status_code for _ in range(3)] == [201, 201, 201]


async def test_a_passkey_proves_its_person_again_within_a_session(keyed: Person, gateway_database: Database) -> None:
    await keyed.sign_in()
    before = (keyed.session["acr"], keyed.session["amr"])
    stepped = await keyed.step_up()
    entered = await keyed.enter()
    await forget_freshness(gateway_database, keyed)
    stale = await keyed.post(f"{MINE}/{keyed.passkey['id']}:remove")
    await keyed.step_up()

    assert before == ("aal1", ["pwd"])
    assert (stepped.status_code, stepped.json()["acr"], stepped.json()["amr"]) == (200, "aal2", ["pop", "user", "mfa"])
    assert (entered.status_code, stale.status_code) == (201, 401)
    assert (await keyed.post(f"{MINE}/{keyed.passkey['id']}:remove")).status_code == 204


async def test_who_has_no_passkey_is_not_asked_for_one(ada: Person) -> None:
    assert (await ada.post(f"{MINE}:step_up_options")).status_code == 404


async def test_who_works_in_several_places_names_one_and_sends_the_same_answer_again(
    gateway: GatewayFactory, new_account: NewAccount, new_organization: NewOrganization
) -> None:
    places = [await new_organization("Aspen"), await new_organization("Birch")]
    for place in places:
        await new_account(organization=place)
    person = Person(gateway())
    await person.sign_in(organization_id=str(places[0]))
    await person.add()
    answer = person.device.get(await person.challenge())

    asked = await person.enter(answer)
    named = await person.enter(answer, organization_id=str(places[1]))
    elsewhere = await person.enter(person.device.get(await person.challenge()), organization_id=str(uuid4()))

    assert (asked.status_code, asked.json()["code"]) == (422, "organization-required")
    assert elsewhere.status_code == 401
    assert (named.status_code, named.json()["organization_id"]) == (201, str(places[1]))


async def test_a_browser_keeps_the_secret_of_a_session_in_its_cookie(keyed: Person) -> None:
    answer = await keyed.enter(keep_in="cookie")

    assert (answer.status_code, answer.json()["session_secret"]) == (201, None)
    assert answer.json()["csrf_token"]
    assert answer.headers["set-cookie"].startswith("__Host-eventide-session=")


async def test_guessing_is_held_up_by_network(keyed: Person) -> None:
    statuses = {(await keyed.enter({"id": str(number)})).status_code for number in range(NETWORK.most)}

    assert statuses == {401}
    assert (await keyed.enter()).status_code == 429


async def test_sign_ins_that_were_right_hold_nobody_up(keyed: Person) -> None:
    statuses = {(await keyed.enter()).status_code for _ in range(NETWORK.most + 1)}

    assert statuses == {201}


PARTY = RelyingParty.of(PUBLIC_URL)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
TEXTS = st.one_of(st.text(max_size=30), st.binary(max_size=90).map(encode), JSON)
ANSWERS = st.fixed_dictionaries(
    {"id": st.just("AAAA"), "rawId": st.just("AAAA"), "type": st.just("public-key")},
    optional={
        "response": st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"), TEXTS
            ),
        )
    },
)


@given(st.one_of(ANSWERS, st.dictionaries(st.text(max_size=9), JSON, max_size=4)))
def test_whatever_is_sent_instead_of_an_answer_is_refused_and_breaks_nothing(answer: dict[str, Any]) -> None:
    reads: list[Callable[[], Any]] = [
        lambda: challenge_in(answer),
        lambda: shown_by(answer),
        lambda: verified_new(PARTY, answer, bytes(32)),
        lambda: verified_count(PARTY, answer, challenge=bytes(32), public_key=b""),
    ]
    for read in reads[2:]:
        with pytest.raises(BrokenCeremonyError):
            read()
    for read in reads[:2]:
        try:
            read()
        except BrokenCeremonyError:
            continue


@given(st.binary(max_size=200))
def test_any_bytes_instead_of_a_key_are_refused(noise: bytes) -> None:
    device = Passkey(PUBLIC_URL, DOMAIN)
    answer = device.create({"challenge": encode(bytes(32)), "user": {"id": encode(bytes(16))}})
    for broken in (noise, cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": noise}), b"\x81" * 9000 + noise):
        answer["response"]["attestationObject"] = encode(broken)
        with pytest.raises(BrokenCeremonyError):
            verified_new(PARTY, answer, bytes(32))


def test_pages_and_applications_elsewhere_are_named_and_the_domain_is_that_of_the_public_address() -> None:
    party = RelyingParty.of("https://eventide.test:8443/", origins=["android:apk-key-hash:abc"])

    assert party == RelyingParty("eventide.test", frozenset({"https://eventide.test:8443", "android:apk-key-hash:abc"}))
    assert RelyingParty.of("https://auth.clinic.example", domain="clinic.example").domain == "clinic.example"
