"""The gateway's public keys."""

from typing import Literal

from services.contracts.base import ResourceModel


class PublicKey(ResourceModel):
    """A P-256 public key (RFC 7517, RFC 7518 6.2); `kid` is its RFC 7638 thumbprint."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str
    kid: str
    alg: Literal["ES256"]
    use: Literal["sig"]


class RsaPublicKey(ResourceModel):
    """An RSA public key that ID tokens are signed with (RFC 7518, 6.3); `kid` is its RFC 7638 thumbprint."""

    kty: Literal["RSA"]
    n: str
    e: str
    kid: str
    alg: Literal["RS256"]
    use: Literal["sig"]


class KeySet(ResourceModel):
    """Every key whose signatures are good now; none of its members is secret."""

    keys: list[PublicKey | RsaPublicKey]
