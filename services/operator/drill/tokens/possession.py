"""Somebody who holds a key and proves it (DPoP, RFC 9449); and proofs that prove nothing."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol
from uuid import uuid4

import orjson

from services.chassis.clock import Clock
from services.chassis.public_keys import thumbprint
from services.operator.drill.tokens.forging import encode, new_key, sign_with


class Aim(NamedTuple):
    """The request that a proof is for; `token` is the access token that goes with it, at a resource."""

    method: str
    path: str
    token: str | None = None


TOKEN_ENDPOINT: Final = Aim("POST", "/oauth/token")


class ProofKey(Protocol):
    """A key that proofs are made with."""

    @property
    def algorithm(self) -> str:
        """What it signs with (RFC 7518, 3.1)."""

    @property
    def jwk(self) -> Mapping[str, str]:
        """The public half (RFC 7517)."""

    def sign(self, signing_input: bytes) -> bytes:
        """Sign."""


class FreshKey:
    """An ES256 key of nobody."""

    algorithm = "ES256"

    def __init__(self) -> None:
        key = new_key()
        self.jwk: Mapping[str, str] = key.jwk
        self._sign = sign_with(key)

    def sign(self, signing_input: bytes) -> bytes:
        """Sign."""
        return self._sign(signing_input)


@dataclass
class Holder:
    """Holds a key, and remembers the nonce that came last."""

    issuer: str
    clock: Clock
    key: ProofKey = field(default_factory=FreshKey)
    nonce: str | None = None

    @property
    def jkt(self) -> str:
        """The thumbprint of the key, to which a token is bound (RFC 7638)."""
        return thumbprint(self.header()["jwk"])

    def header(self, **changes: Any) -> dict[str, Any]:
        """Return the header of a good proof with these changes; a member that is `...` is left out."""
        public = {name: self.key.jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in self.key.jwk}
        return {"typ": "dpop+jwt", "alg": self.key.algorithm, "jwk": public, **changes}

    def claims(self, aim: Aim, **changes: Any) -> dict[str, Any]:
        """Return the claims of a good proof with these changes."""
        return {
            "jti": uuid4().hex,
            "htm": aim.method,
            "htu": self.issuer + aim.path,
            "iat": int(self.clock.now().timestamp()),
            "ath": ... if aim.token is None else hash_of(aim.token),
            "nonce": self.nonce or ...,
            **changes,
        }

    def proof(self, aim: Aim, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Return a proof that is good but for these changes."""
        return self.signed(self.header(**(header or {})), self.claims(aim, **changes), self.key.sign)

    @staticmethod
    def signed(header: dict[str, Any], claims: dict[str, Any] | bytes, sign: Callable[[bytes], bytes]) -> str:
        """Sign any header and claims; a member that is `...` is left out."""
        parts = [part if isinstance(part, bytes) else orjson.dumps(_without_gaps(part)) for part in (header, claims)]
        signing_input = ".".join(encode(part) for part in parts)
        return f"{signing_input}.{encode(sign(signing_input.encode()))}"

    def fields(self, aim: Aim, proof: str | None = None) -> dict[str, str]:
        """Return the header fields of a request with a bound token, and a good proof unless another is given."""
        return {"authorization": f"DPoP {aim.token}", "dpop": proof or self.proof(aim)}


def hash_of(token: str) -> str:
    """Return the `ath` of an access token (RFC 9449, 4.2)."""
    return encode(hashlib.sha256(token.encode()).digest())


def _without_gaps(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if value is not ...}


def _unsigned(holder: Holder, aim: Aim) -> str:
    return holder.proof(aim, {"alg": "none"}).rpartition(".")[0] + "."


def _by_hmac(holder: Holder, aim: Aim) -> str:
    secret = b"a secret that everybody is told"

    def sign(signing_input: bytes) -> bytes:
        return hmac.digest(secret, signing_input, hashlib.sha256)

    symmetric = {"kty": "oct", "k": encode(secret)}
    return holder.signed(holder.header(alg="HS256", jwk=symmetric), holder.claims(aim), sign)


def _with_claims(holder: Holder, claims: bytes) -> str:
    return holder.signed(holder.header(), claims, holder.key.sign)


def _private(holder: Holder) -> dict[str, Any]:
    return {**holder.header()["jwk"], "d": encode(bytes(range(32)))}


def _now(holder: Holder) -> int:
    return int(holder.clock.now().timestamp())


Make = Callable[[Holder, Aim], str]
HOSTILE_PROOFS: Final[Mapping[str, Make]] = {
    "alg none": _unsigned,
    "alg none with a signature": lambda h, a: h.proof(a, {"alg": "none"}),
    "symmetric key of its own": _by_hmac,
    "alg of another kind of key": lambda h, a: h.proof(a, {"alg": "RS256"}),
    "alg of another curve": lambda h, a: h.proof(a, {"alg": "ES384"}),
    "type of an access token": lambda h, a: h.proof(a, {"typ": "at+jwt"}),
    "type of any token": lambda h, a: h.proof(a, {"typ": "JWT"}),
    "no type": lambda h, a: h.proof(a, {"typ": ...}),
    "private key": lambda h, a: h.proof(a, {"jwk": _private(h)}),
    "no key": lambda h, a: h.proof(a, {"jwk": ...}),
    "key that is text": lambda h, a: h.proof(a, {"jwk": "x"}),
    "key of which a coordinate is cut": lambda h, a: h.proof(a, {"jwk": {**h.header()["jwk"], "x": "AAAA"}}),
    "key that another signed with": lambda h, a: h.proof(a, {"jwk": Holder(h.issuer, h.clock).header()["jwk"]}),
    "key id beside the key": lambda h, a: h.proof(a, {"kid": "one"}),
    "address of keys": lambda h, a: h.proof(a, {"jku": "https://evil.test/jwks.json"}),
    "crit": lambda h, a: h.proof(a, {"crit": ["exp"]}),
    "another method": lambda h, a: h.proof(a, htm="PUT"),
    "method in lower case": lambda h, a: h.proof(a, htm=a.method.lower()),
    "no method": lambda h, a: h.proof(a, htm=...),
    "another path": lambda h, a: h.proof(a, htu=f"{h.issuer}/v1/login_sessions"),
    "another host": lambda h, a: h.proof(a, htu=f"https://evil.test{a.path}"),
    "path alone": lambda h, a: h.proof(a, htu=a.path),
    "no URL": lambda h, a: h.proof(a, htu=...),
    "a minute and a second old": lambda h, a: h.proof(a, iat=_now(h) - 62),
    "made in the future": lambda h, a: h.proof(a, iat=_now(h) + 60),
    "time as text": lambda h, a: h.proof(a, iat=str(_now(h))),
    "no time": lambda h, a: h.proof(a, iat=...),
    "no id": lambda h, a: h.proof(a, jti=...),
    "empty id": lambda h, a: h.proof(a, jti=""),
    "endless id": lambda h, a: h.proof(a, jti="x" * 256),
    "signature cut": lambda h, a: h.proof(a)[:-4],
    "signature padded": lambda h, a: h.proof(a) + "==",
    "signature empty": lambda h, a: h.proof(a).rpartition(".")[0] + ".",
    "claims that are a list": lambda h, _: _with_claims(h, b"[]"),
    "claims 2,000 deep": lambda h, _: _with_claims(h, b"[" * 2000),
    "claims that are no JSON": lambda h, _: _with_claims(h, b"{"),
    "9,000 characters": lambda h, a: h.proof(a, more="x" * 9000),
    "one part": lambda _, __: "x",
    "nothing that is base64": lambda _, __: "!.!.!",
}
"""By name; each the proof of somebody who does hold a key, with one thing wrong."""
HOSTILE_AT_A_RESOURCE: Final[Mapping[str, Make]] = {
    "no hash of the token": lambda h, a: h.proof(a, ath=...),
    "hash of another token": lambda h, a: h.proof(a, ath=hash_of("another")),
    "hash that is the token": lambda h, a: h.proof(a, ath=a.token),
    "key of a stranger": lambda h, a: Holder(h.issuer, h.clock).proof(a),
}
"""What a resource must refuse too."""
