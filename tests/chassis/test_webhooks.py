import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.audit.checkpoints import VerifyingKeys
from services.chassis.webhooks import (
    SignatureRefusedError,
    headers_signed_by,
    secret_of,
    signed_headers,
    verify,
    verify_by,
)

NOW = datetime(2026, 10, 2, 12, tzinfo=UTC)
SECRET = bytes(range(32))
BODY = b'{"status":"delivered"}'


def test_the_signature_is_that_of_the_standard() -> None:
    # The example of Standard Webhooks 1.0.0, by which its reference libraries are tested.
    secret = secret_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)

    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_we_sign_we_accept_among_other_signatures() -> None:
    headers = signed_headers(SECRET, "a", NOW, BODY)
    rotated = {**headers, "webhook-signature": f"v1,AAAA v1a,BBBB {headers['webhook-signature']}"}

    verify(SECRET, headers, NOW + timedelta(minutes=5), BODY)
    verify(SECRET, rotated, NOW, BODY)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "b"},
        {"webhook-timestamp": "1790942399"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "1790942400.0"},
        {"webhook-timestamp": "\u0661" * 10},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,\u00e9"},
        {"webhook-signature": "v2,AAAA"},
    ],
)
def test_a_changed_header_is_refused(change: Mapping[str, str]) -> None:
    headers = {**signed_headers(SECRET, "a", NOW, BODY), **change}

    with pytest.raises(SignatureRefusedError):
        verify(SECRET, headers, NOW, BODY)


def test_another_secret_another_body_and_another_time_are_refused() -> None:
    headers = signed_headers(SECRET, "a", NOW, BODY)

    for secret, now, body in (
        (bytes(32), NOW, BODY),
        (SECRET, NOW, BODY + b" "),
        (SECRET, NOW + timedelta(minutes=5, seconds=1), BODY),
        (SECRET, NOW - timedelta(minutes=5, seconds=1), BODY),
    ):
        with pytest.raises(SignatureRefusedError):
            verify(secret, headers, now, body)


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_" + "A" * 28, "whsec_!!!!", base64.b64encode(SECRET).decode(), "whsec_" + "A" * 100]
)
def test_a_secret_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        secret_of(text)


def test_a_secret_is_read_from_its_text() -> None:
    assert secret_of("whsec_" + base64.b64encode(SECRET).decode()) == SECRET


KEY = Ed25519PrivateKey.from_private_bytes(SECRET)
KEYS = VerifyingKeys(Ed25519PrivateKey.generate().public_key(), KEY.public_key())


@given(st.uuids(), st.binary(), st.integers(-300, 300))
def test_what_our_key_signs_is_taken_for_five_minutes(message: object, body: bytes, seconds: int) -> None:
    headers = headers_signed_by(KEY, str(message), NOW, body)

    verify_by(KEYS, headers, NOW + timedelta(seconds=seconds), body)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "b"},
        {"webhook-timestamp": "1790942401"},
        {"webhook-timestamp": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "v1a,"},
        {"webhook-signature": "v1a,AAAA"},
        {"webhook-signature": "v1a,!"},
        {"webhook-signature": "v1a,\u00e9"},
        {"webhook-signature": signed_headers(SECRET, "a", NOW, BODY)["webhook-signature"]},
        {"webhook-signature": headers_signed_by(Ed25519PrivateKey.generate(), "a", NOW, BODY)["webhook-signature"]},
    ],
)
def test_what_our_key_has_not_signed_is_refused(change: Mapping[str, str]) -> None:
    headers = {**headers_signed_by(KEY, "a", NOW, BODY), **change}

    with pytest.raises(SignatureRefusedError):
        verify_by(KEYS, headers, NOW, BODY)


def test_what_our_key_signed_is_refused_with_another_body_and_at_another_time() -> None:
    headers = headers_signed_by(KEY, "a", NOW, BODY)

    for now, body in ((NOW, BODY + b" "), (NOW + timedelta(seconds=301), BODY), (NOW - timedelta(seconds=301), BODY)):
        with pytest.raises(SignatureRefusedError):
            verify_by(KEYS, headers, now, body)
