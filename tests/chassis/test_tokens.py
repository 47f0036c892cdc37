import base64
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from services.chassis.clock import Clock
from services.chassis.tokens import (
    ACCESS_AUDIENCE,
    InvalidTokenError,
    KeyRing,
    PublishedKeys,
    SigningKey,
    TokenSigner,
    TokenType,
    TokenVerifier,
    UnknownKeyError,
    _decode,
    _parse,
)
from services.contracts.identifiers import EncounterId, OauthClientId, PatientId
from services.contracts.identity import Delegation, Microservice, Role
from services.operator.drill.tokens.hostile import HOSTILE
from tests.support.tokens import ISSUER, Tokens, new_key, principal

KINDS = {
    "gateway": (TokenType.ACCESS, ACCESS_AUDIENCE),
    "records": (TokenType.INTERNAL, Microservice.RECORDS.value),
    "scheduler": (TokenType.INTERNAL, Microservice.SCHEDULER.value),
}


def _verifier(tokens: Tokens, kind: str) -> TokenVerifier:
    token_type, audience = KINDS[kind]
    return TokenVerifier(issuer=ISSUER, audience=audience, token_type=token_type, clock=tokens.clock)


def test_there_are_enough_hostile_tokens_to_mean_something() -> None:
    assert len(HOSTILE) >= 80


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_refused(tokens: Tokens, kind: str, name: str) -> None:
    token = HOSTILE[name](tokens.forge(*KINDS[kind]))

    with pytest.raises(InvalidTokenError):
        _verifier(tokens, kind).verify(token, tokens.keys)


@pytest.mark.parametrize("kind", KINDS)
def test_the_forge_makes_good_tokens_too(tokens: Tokens, kind: str) -> None:
    # Without this the vectors could be refused for another reason than their own.
    token = tokens.forge(*KINDS[kind]).with_claims()

    claims = _verifier(tokens, kind).verify(token, tokens.keys)

    assert claims.aud == KINDS[kind][1]


@pytest.mark.parametrize("made_for", KINDS)
@pytest.mark.parametrize("shown_to", KINDS)
def test_a_token_is_taken_where_it_belongs_and_nowhere_else(tokens: Tokens, made_for: str, shown_to: str) -> None:
    token = tokens.forge(*KINDS[made_for]).with_claims()
    verifier = _verifier(tokens, shown_to)

    if made_for == shown_to:
        assert verifier.verify(token, tokens.keys).aud == KINDS[shown_to][1]
    else:
        with pytest.raises(InvalidTokenError):
            verifier.verify(token, tokens.keys)


def test_what_is_signed_says_who_calls(tokens: Tokens) -> None:
    caller = principal(Role.NURSE, organization=None, acting=Microservice.SCHEDULER)
    signer = TokenSigner(tokens.keys, issuer=ISSUER, clock=tokens.clock)

    token, _ = signer.sign(caller, token_type=TokenType.INTERNAL, audience="records", lifetime=timedelta(seconds=60))

    seen = _verifier(tokens, "records").verify(token, tokens.keys).principal()
    assert seen.model_copy(update={"token_id": ""}) == caller.model_copy(update={"token_id": ""})
    assert seen.token_id != caller.token_id


def test_a_token_lives_until_the_second_of_its_expiry(tokens: Tokens) -> None:
    forge = tokens.forge(*KINDS["records"])

    claims = _verifier(tokens, "records").verify(forge.with_claims(exp=forge.now + 60), tokens.keys)

    assert claims.exp == claims.iat + 60


def test_the_newest_key_signs_and_the_older_still_verifies(tokens: Tokens) -> None:
    older, newer = new_key(), new_key()
    before, after = Tokens(KeyRing((older,)), tokens.clock), Tokens(KeyRing((older, newer)), tokens.clock)
    caller = principal(Role.NURSE, organization=None)

    old_token = before.internal(caller, Microservice.RECORDS)
    new_token = after.internal(caller, Microservice.RECORDS)

    verifier = _verifier(tokens, "records")
    assert verifier.verify(old_token, after.keys).roles == {Role.NURSE}
    assert verifier.verify(new_token, after.keys).roles == {Role.NURSE}
    with pytest.raises(UnknownKeyError):
        verifier.verify(new_token, before.keys)


def test_a_key_signs_from_its_instant_on_and_is_published_before() -> None:
    older = new_key()
    newer = replace(new_key(), signs_from=Clock().now() + timedelta(hours=1))
    keys = KeyRing((older, newer))

    assert [entry["kid"] for entry in keys.key_set["keys"]] == [older.key_id, newer.key_id]
    for moment, expected in ((timedelta(0), older), (timedelta(hours=1, seconds=1), newer)):
        token = Tokens(keys, Clock(moment)).internal(principal(Role.NURSE, organization=None), Microservice.RECORDS)
        header = orjson.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
        assert header["kid"] == expected.key_id


def test_published_keys_verify_and_hold_nothing_secret(tokens: Tokens) -> None:
    token = tokens.internal(principal(Role.NURSE, organization=None), Microservice.RECORDS)

    claims = _verifier(tokens, "records").verify(token, PublishedKeys(tokens.keys.key_set))

    assert claims.roles == {Role.NURSE}
    assert {name for key in tokens.keys.key_set["keys"] for name in key} == {
        "kty", "crv", "x", "y", "kid", "alg", "use"
    }  # fmt: skip


def test_a_published_key_of_another_kind_is_left_out(tokens: Tokens) -> None:
    ours = dict(tokens.keys.key_set["keys"][0])
    others = [
        {**ours, "kid": "rsa", "kty": "RSA"},
        {**ours, "kid": "curve", "crv": "P-384"},
        {**ours, "kid": "algorithm", "alg": "HS256"},
        {"kty": "oct", "kid": "secret", "k": "x", "alg": "ES256"},
    ]

    published = PublishedKeys({"keys": [*others, ours]})

    assert published.public_key(ours["kid"]) is not None
    assert all(published.public_key(str(other["kid"])) is None for other in others)


def test_only_a_p256_key_signs(tmp_path: Path) -> None:
    for key in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with pytest.raises(ValueError, match="P-256"):
            SigningKey.from_pem(pem)
    with pytest.raises(ValueError, match="no signing key"):
        KeyRing.from_directory(tmp_path)


def test_what_an_application_was_granted_travels_with_the_token(tokens: Tokens) -> None:
    granted = Delegation(
        oauth_client_id=OauthClientId(UUID(int=1)),
        scopes=frozenset({"openid", "patient/Patient.rs"}),
        patient_id=PatientId(UUID(int=2)),
        encounter_id=EncounterId(UUID(int=3)),
    )
    caller = principal(Role.NURSE, organization=UUID(int=4)).model_copy(update={"delegation": granted})

    token = tokens.internal(caller, Microservice.RECORDS)
    claims = _verifier(tokens, "records").verify(token, tokens.keys)

    assert claims.principal().delegation == granted


def test_a_person_s_own_token_has_no_claim_of_an_application(tokens: Tokens) -> None:
    token = tokens.internal(principal(Role.NURSE, organization=UUID(int=4)), Microservice.RECORDS)

    claims = _parse(_decode(token.split(".")[1]))

    assert not {"client_id", "scope", "patient", "encounter"} & set(claims)
    assert _verifier(tokens, "records").verify(token, tokens.keys).principal().delegation is None
