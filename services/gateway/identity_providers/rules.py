"""What a registration must say, and what a provider must publish; pure."""

from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

_LONGEST: Final = 2000


def is_plain(issuer: str) -> bool:
    """Say whether an issuer has neither query nor fragment (OpenID Connect Discovery 1.0, 3)."""
    return not (urlsplit(issuer).query or urlsplit(issuer).fragment)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider publishes of itself (OpenID Connect Discovery 1.0, 3)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_itself: bool
    """Whether it says who it is when it sends people back (RFC 9207)."""

    @classmethod
    def read(cls, document: Any, issuer: str) -> Self | None:
        """Read it, or None where it is not that of this issuer, byte for byte, or lacks something."""
        if not isinstance(document, dict) or document.get("issuer") != issuer:
            return None
        uris = [document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if not all(isinstance(uri, str) and len(uri) <= _LONGEST for uri in uris):
            return None
        authorization, token, keys = map(str, uris)
        return cls(authorization, token, keys, document.get("authorization_response_iss_parameter_supported") is True)
