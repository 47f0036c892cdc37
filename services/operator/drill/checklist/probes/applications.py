"""A registered application as its maker runs it, and what one sends that is not itself."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.chassis.clock import Clock
from services.operator.drill.checklist.probes.signing import Key, challenge_of, encode

REDIRECT: Final = "https://app.example.org/callback"
VERIFIER: Final = "v" * 43
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
STATE: Final = "st/a te&=%"
SCOPES: Final = ["openid", "fhirUser", "eventide/api", "offline_access", "online_access", "user/Patient.rs", "launch",
                 "launch/patient", "patient/*.rs"]  # fmt: skip
SERVICE: Final[dict[str, Any]] = {
    "grant_types": ["client_credentials"], "redirect_uris": [], "scopes": ["system/*.rs"]
}  # fmt: skip
"""What a service is registered with, instead of what an application for people is."""


@dataclass
class Application:
    """A registered application, as its maker runs it; `issuer` is the server that it deals with."""

    id: str
    issuer: str
    clock: Clock
    key: Key | None = None
    serial: list[int] = field(default_factory=lambda: [0])

    @property
    def now(self) -> int:
        """The present second of the POSIX epoch."""
        return int(self.clock.now().timestamp())

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return good claims of an assertion, with these changes."""
        self.serial[0] += 1
        claims = {"iss": self.id, "sub": self.id, "aud": f"{self.issuer}/oauth/token", "exp": self.now + 240,
                  "jti": f"{self.id} {self.serial[0]}"}  # fmt: skip
        return {**claims, **changes}

    def assertion(self, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Return an assertion that is good but for these changes."""
        if self.key is None:
            raise ValueError("an application without a key signs nothing")
        return self.key.token(header or {}, self.claims(**changes))

    def proof(self, header: dict[str, Any] | None = None, **changes: Any) -> dict[str, str]:
        """Return the parameters by which it proves to be itself, or names itself if it has no key."""
        if self.key is None:
            return {"client_id": self.id}
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion(header, **changes)}

    def request(self, **changes: str | None) -> dict[str, str]:
        """Return the parameters of a good authorization request, with these changes; None leaves one out."""
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": REDIRECT,
            "scope": "openid offline_access eventide/api",
            "state": STATE,
            "nonce": "n-1",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        parameters |= changes
        return {name: value for name, value in parameters.items() if value is not None}

    def public(self, encoding: Encoding) -> bytes:
        """Return the public half of its key, as a forger would use it for a secret."""
        if self.key is None:
            raise ValueError("an application without a key has no public half")
        raw: bytes = self.key.private.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        return raw


def _by_hmac(application: Application, secret: bytes) -> str:
    def sign(signing_input: bytes) -> bytes:
        return hmac.digest(secret, signing_input, hashlib.sha256)

    key = application.key or Key()
    return key.token({"alg": "HS256"}, application.claims(), sign)


def _unsigned(application: Application) -> str:
    return application.assertion({"alg": "none"}).rpartition(".")[0] + "."


HOSTILE_ASSERTIONS: Final[Mapping[str, Callable[[Application], str]]] = {
    "alg none": _unsigned,
    "alg none with a signature": lambda a: a.assertion({"alg": "none"}),
    "alg HS384": lambda a: a.assertion({"alg": "HS384"}),
    "HS256 with the PEM": lambda a: _by_hmac(a, a.public(Encoding.PEM)),
    "HS256 with the DER": lambda a: _by_hmac(a, a.public(Encoding.DER)),
    "HS256 with the JWK": lambda a: _by_hmac(a, str((a.key or Key()).jwk).encode()),
    "alg of another kind of key": lambda a: a.assertion({"alg": "RS384"}),
    "alg ES256": lambda a: a.assertion({"alg": "ES256"}),
    "audience of another server": lambda a: a.assertion(aud="https://evil.test/token"),
    "audience of another server too": lambda a: a.assertion(aud=[f"{a.issuer}/oauth/token", "https://evil.test"]),
    "no audience": lambda a: a.assertion(aud=...),
    "empty list of audiences": lambda a: a.assertion(aud=[]),
    "expires too late": lambda a: a.assertion(exp=a.now + 400),
    "expired": lambda a: a.assertion(exp=a.now - 1),
    "expires now": lambda a: a.assertion(exp=a.now),
    "no expiry": lambda a: a.assertion(exp=...),
    "expiry as text": lambda a: a.assertion(exp=str(a.now + 60)),
    "not before later": lambda a: a.assertion(nbf=a.now + 60),
    "issued in the future": lambda a: a.assertion(iat=a.now + 60),
    "issuer of another": lambda a: a.assertion(iss=str(UUID(int=5))),
    "subject of another": lambda a: a.assertion(sub=str(UUID(int=5))),
    "no id": lambda a: a.assertion(jti=...),
    "empty id": lambda a: a.assertion(jti=""),
    "endless id": lambda a: a.assertion(jti="x" * 256),
    "jku that is not registered": lambda a: a.assertion({"jku": "https://evil.test/jwks.json"}),
    "jwk": lambda a: a.assertion({"jwk": Key().jwk}),
    "x5u": lambda a: a.assertion({"x5u": "https://evil.test/x"}),
    "x5c": lambda a: a.assertion({"x5c": ["MIIB"]}),
    "crit": lambda a: a.assertion({"crit": ["exp"]}),
    "key id that is a path": lambda a: a.assertion({"kid": "../../dev/null"}),
    "key id that is SQL": lambda a: a.assertion({"kid": "' or 1=1 --"}),
    "no key id": lambda a: a.assertion({"kid": ...}),
    "type of an access token": lambda a: a.assertion({"typ": "at+jwt"}),
    "key of a stranger under our id": lambda a: Key().token({}, a.claims()),
    "signature cut": lambda a: a.assertion()[:-4],
    "signature padded": lambda a: a.assertion() + "==",
    "signature empty": lambda a: a.assertion().rpartition(".")[0] + ".",
    "claims that are a list": lambda a: _with_claims(a, b"[]"),
    "claims 2,000 deep": lambda a: _with_claims(a, b"[" * 2000),
    "9,000 characters": lambda a: a.assertion(more="x" * 9000),
    "one part": lambda _: "x",
    "nothing that is base64": lambda _: "!.!.!",
}
"""By name; each an assertion of the application with one thing wrong."""


def _with_claims(application: Application, claims: bytes) -> str:
    head, _, signature = application.assertion().split(".")
    return f"{head}.{encode(claims)}.{signature}"
