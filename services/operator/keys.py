"""Generates an installation's keys the first time it starts."""

import base64
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.chassis.clock import Clock
from services.chassis.key_rotation import NAME_FORMAT
from services.operator.folders import PRIVATE, make_folder, write_private
from services.operator.state import StateFolder

_ROOT_KEY_BYTES = 32
_RSA_BITS = 2048


def signing_folders(state: StateFolder) -> dict[Path, Callable[[], bytes]]:
    """Return where the keys are that tokens are signed with, and what makes a new one of each, in PEM."""
    return {state.signing_keys: _access_token_key, state.id_token_keys: _id_token_key}


def _access_token_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _id_token_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def checkpoint_key() -> bytes:
    """Return a new key to sign checkpoints with, in PEM."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def ensure_keys(state: StateFolder, clock: Clock) -> None:
    """Generate the gateway's signing keys (ES256; RS256 for ID tokens), the root keys and that of audit checkpoints.

    What exists stays. A signing key is named for the instant from which it signs.
    """
    for folder, fresh in signing_folders(state).items():
        make_folder(folder, PRIVATE)
        if not any(folder.glob("*.pem")):
            write_private(folder / f"{clock.now().strftime(NAME_FORMAT)}.pem", fresh())
    if not state.checkpoint_key.exists():
        write_private(state.checkpoint_key, checkpoint_key())
    for secret in (state.root_key, state.gateway_key):
        if not secret.exists():
            write_private(secret, base64.b64encode(secrets.token_bytes(_ROOT_KEY_BYTES)))
