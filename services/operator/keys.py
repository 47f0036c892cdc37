"""Generates an installation's keys the first time it starts."""

import base64
import secrets
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.chassis.clock import Clock
from services.chassis.private_files import write_private
from services.chassis.signing_folders import SigningFolder
from services.chassis.signing_folders import signing_folders as folders_at
from services.operator.folders import PRIVATE, make_folder
from services.operator.state import StateFolder

_ROOT_KEY_BYTES = 32


def signing_folders(state: StateFolder) -> Sequence[SigningFolder]:
    """Return where the keys are that tokens are signed with."""
    return folders_at(state.signing_keys, state.id_token_keys)


def checkpoint_key() -> bytes:
    """Return a new key to sign checkpoints with, in PEM."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def ensure_keys(state: StateFolder, clock: Clock) -> None:
    """Generate the gateway's signing keys (ES256; RS256 for ID tokens), the root keys and that of audit checkpoints.

    What exists stays. A signing key is named for the instant from which it signs.
    """
    for folder in signing_folders(state):
        make_folder(folder.path, PRIVATE)
        if not any(folder.path.glob("*.pem")):
            folder.add(clock.now())
    if not state.checkpoint_key.exists():
        write_private(state.checkpoint_key, checkpoint_key())
    for secret in (state.root_key, state.gateway_key):
        if not secret.exists():
            write_private(secret, base64.b64encode(secrets.token_bytes(_ROOT_KEY_BYTES)))
