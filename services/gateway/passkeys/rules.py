"""What an authenticator must have signed; pure. The `webauthn` library is used here only.

It leaves to us: that the user was verified, that the answer is to this very challenge, whose key it is, that no page
of another origin stands around ours, and how the counter moves.
"""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from services.contracts.identifiers import AccountId
from services.gateway.passkeys.ceremony import CHALLENGE_LIFETIME, NewKey

_CHALLENGE_BYTES: Final = 32
_NAME: Final = "Eventide"
_ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_FORMATS: Final = frozenset({AttestationFormat.NONE, AttestationFormat.PACKED})
"""None is asked for; a device may still vouch for itself. Who else vouches for it, with certificates, is not read."""
_LONGEST_MEMBER: Final = 16 * 1024
_LONGEST_ID: Final = 1023
_MILLISECONDS: Final = 1000

Answer = Mapping[str, Any]
Outcome = TypeVar("Outcome")


class BrokenCeremonyError(Exception):
    """What was sent is not the answer of an authenticator to what was asked; whoever sent it is not told why."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """For whom passkeys are made: a domain, and the origins whose pages may use them."""

    domain: str
    origins: frozenset[str]

    @classmethod
    def of(cls, public_url: str, *, domain: str | None = None, origins: Collection[str] = ()) -> Self:
        """Make it of the address where the world finds us; front ends and applications elsewhere are named."""
        parts = urlsplit(public_url)
        return cls(domain or parts.hostname or "", frozenset({f"{parts.scheme}://{parts.netloc}", *origins}))


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer says of itself, before anything of it is verified."""

    challenge: bytes
    credential_id: bytes
    user_handle: bytes | None


def new_challenge() -> bytes:
    """Make 256 random bits to be signed."""
    return secrets.token_bytes(_CHALLENGE_BYTES)


def creation_options(
    party: RelyingParty, challenge: bytes, *, account_id: AccountId, email: str, known: Sequence[bytes]
) -> dict[str, Any]:
    """Ask a browser for a new passkey that its device finds by itself; a device with one of `known` makes none."""
    options = generate_registration_options(
        rp_id=party.domain,
        rp_name=_NAME,
        # The id of the account: a user handle must name nobody (Web Authentication 3, 14.6.1).
        user_id=account_id.bytes,
        user_name=email,
        challenge=challenge,
        timeout=_timeout(),
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        supported_pub_key_algs=_ALGORITHMS,
    )
    return options_to_json_dict(options)


def request_options(party: RelyingParty, challenge: bytes, *, known: Sequence[bytes] = ()) -> dict[str, Any]:
    """Ask a browser for a signature with one of `known`, or with whatever passkey of ours its devices have."""
    options = generate_authentication_options(
        rp_id=party.domain,
        challenge=challenge,
        timeout=_timeout(),
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def challenge_in(answer: Answer) -> bytes:
    """Return the challenge that a new passkey says to answer; raises BrokenCeremonyError where none can be read."""
    return _unbroken(lambda: _challenge(parse_registration_credential_json(_bounded(answer)).response.client_data_json))


def shown_by(answer: Answer) -> Shown:
    """Return what a signature says of itself; raises BrokenCeremonyError where nothing can be read."""

    def read() -> Shown:
        credential = parse_authentication_credential_json(_bounded(answer))
        response = credential.response
        return Shown(_challenge(response.client_data_json), credential.raw_id, response.user_handle)

    return _unbroken(read)


def verified_new(party: RelyingParty, answer: Answer, challenge: bytes) -> NewKey:
    """Return the key that was made for this challenge, on a page of ours, by a user whom the device verified.

    Raises:
        BrokenCeremonyError: It was not.
    """
    made = _unbroken(
        lambda: verify_registration_response(
            credential=_bounded(answer),
            expected_challenge=challenge,
            expected_rp_id=party.domain,
            expected_origin=sorted(party.origins),
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    )
    if made.fmt not in _FORMATS or len(made.credential_id) > _LONGEST_ID:
        raise BrokenCeremonyError
    return NewKey(made.credential_id, made.credential_public_key, made.sign_count, made.credential_backed_up)


def verified_count(party: RelyingParty, answer: Answer, *, challenge: bytes, public_key: bytes) -> int:
    """Return the counter of a signature by this key of this challenge, on a page of ours, by a verified user.

    Raises:
        BrokenCeremonyError: It is none.
    """
    verified = _unbroken(
        lambda: verify_authentication_response(
            credential=_bounded(answer),
            expected_challenge=challenge,
            expected_rp_id=party.domain,
            expected_origin=sorted(party.origins),
            credential_public_key=public_key,
            # The library looks at the counter before the signature: what it would refuse may be anybody's invention.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    )
    return verified.new_sign_count


def _challenge(client_data: bytes) -> bytes:
    told = parse_client_data_json(client_data)
    if told.cross_origin:
        raise BrokenCeremonyError
    return told.challenge


def _bounded(answer: Answer) -> dict[str, Any]:
    """Return the answer where none of its texts is long enough to keep a parser busy."""
    response = answer.get("response")
    texts = (*answer.values(), *(response.values() if isinstance(response, Mapping) else ()))
    if any(isinstance(text, str) and len(text) > _LONGEST_MEMBER for text in texts):
        raise BrokenCeremonyError
    return dict(answer)


def _unbroken(read: Callable[[], Outcome]) -> Outcome:
    try:
        return read()
    except Exception as error:
        # Parsers of JSON, base64 and CBOR meet what strangers made up: whatever they stumble over is a refusal.
        raise BrokenCeremonyError from error


def _timeout() -> int:
    return int(CHALLENGE_LIFETIME.total_seconds() * _MILLISECONDS)
