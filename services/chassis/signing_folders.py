"""The folders of the keys that tokens are signed with: what is in them, another key, and those that nothing needs."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.chassis.id_tokens import IdTokenKey
from services.chassis.key_rotation import NAME_FORMAT, Dated, instant_of, superseded
from services.chassis.private_files import write_private
from services.chassis.tokens import LIFETIMES, SigningKey

KEPT: Final = max(LIFETIMES.values()) + timedelta(hours=1)
"""How long a key is published after another has taken over: longer than any token lives that it has signed."""
_RSA_BITS: Final = 2048


class NamedKey(Dated, Protocol):
    """A key with an id."""

    @property
    def key_id(self) -> str:
        """Its RFC 7638 thumbprint."""


class SigningFolder(NamedTuple):
    """A folder of keys of one kind; each file is named for the instant from which its key signs."""

    path: Path
    fresh: Callable[[], bytes]
    """Makes a key, in PEM."""
    read: Callable[[bytes], NamedKey]

    def instants(self) -> list[datetime]:
        """Return from when the keys sign that are there; raises ValueError where a file is not named for an instant."""
        return sorted(map(instant_of, self.path.glob("*.pem")))

    def add(self, signs_from: datetime) -> Path:
        """Put a fresh key beside the others."""
        return self.put(signs_from, self.fresh())

    def put(self, signs_from: datetime, key: bytes) -> Path:
        """Put a key, in PEM, beside the others."""
        path = self._file(signs_from)
        write_private(path, key)
        return path

    def key_id(self, signs_from: datetime) -> str:
        """Return what a key that is there is called."""
        return self.read(self._file(signs_from).read_bytes()).key_id

    def unneeded(self, now: datetime) -> list[datetime]:
        """Return from when the keys signed that no good token can be signed with any more."""
        return superseded(self.instants(), now, kept=KEPT)

    def remove(self, signs_from: datetime) -> None:
        """Remove a key."""
        self._file(signs_from).unlink(missing_ok=True)

    def _file(self, signs_from: datetime) -> Path:
        return self.path / f"{signs_from.strftime(NAME_FORMAT)}.pem"


def signing_folders(access_tokens: Path, id_tokens: Path) -> Sequence[SigningFolder]:
    """Return the folders of both kinds: ES256 for access tokens, RS256 for ID tokens."""
    return (
        SigningFolder(access_tokens, _access_token_key, SigningKey.from_pem),
        SigningFolder(id_tokens, _id_token_key, IdTokenKey.from_pem),
    )


def _access_token_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _id_token_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
