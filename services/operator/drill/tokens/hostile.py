"""Tokens that a verifier must refuse, each made by somebody who knows our format and, where it helps them, our keys."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.serialization import Encoding

from services.operator.drill.tokens.forging import REMOVED, Forge, encode, new_key, sign_with

_STRANGER: Final = new_key()


def _deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def _next_character(text: str) -> str:
    # The last character carries two bits that matter; its neighbours in the alphabet decode to the same bytes.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def _der(raw: bytes) -> bytes:
    integers = b""
    for half in (raw[:32], raw[32:]):
        number = half.lstrip(b"\0")
        number = b"\0" + number if number[0] & 0x80 else number
        integers += b"\x02" + bytes([len(number)]) + number
    return b"\x30" + bytes([len(integers)]) + integers


def _tampered(forge: Forge) -> str:
    head, _, signature = forge.with_claims().split(".")
    return f"{head}.{encode(orjson.dumps(forge.claims(roles=['auditor'])))}.{signature}"


def _twice(document: dict[str, Any], member: str, first: Any) -> bytes:
    return b"{" + orjson.dumps({member: first})[1:-1] + b"," + orjson.dumps(document)[1:]


HOSTILE: Final[Mapping[str, Callable[[Forge], str]]] = {
    # the algorithm
    "none, no signature": lambda f: f.signed(f.header(alg="none"), f.claims(), lambda _: b""),
    "none, some signature": lambda f: f.with_header(alg="none"),
    "nOnE": lambda f: f.with_header(alg="nOnE"),
    "HS256 with the PEM": lambda f: f.hmac_of(f.public(Encoding.PEM)),
    "HS256 with the DER": lambda f: f.hmac_of(f.public(Encoding.DER)),
    "HS256 with the JWK": lambda f: f.hmac_of(orjson.dumps(dict(f.key.jwk))),
    "HS256 with nothing": lambda f: f.hmac_of(b""),
    "HS256 padded to our length": lambda f: f.signed(
        f.header(alg="HS256"), f.claims(), lambda m: hmac.digest(f.public(Encoding.PEM), m, hashlib.sha512)
    ),
    "RS256": lambda f: f.with_header(alg="RS256"),
    "ES384": lambda f: f.with_header(alg="ES384"),
    "ES256K": lambda f: f.with_header(alg="ES256K"),
    "algorithm in lower case": lambda f: f.with_header(alg="es256"),
    "list of algorithms": lambda f: f.with_header(alg=["ES256"]),
    "no algorithm": lambda f: f.with_header(alg=REMOVED),
    # the header
    "type JWT": lambda f: f.with_header(typ="JWT"),
    "no type": lambda f: f.with_header(typ=REMOVED),
    "type of the other kind": lambda f: f.with_header(typ=f.other_type()),
    "type in upper case": lambda f: f.with_header(typ=f.token_type.value.upper()),
    "media type": lambda f: f.with_header(typ=f"application/{f.token_type.value}"),
    "no key id": lambda f: f.with_header(kid=REMOVED),
    "unknown key id": lambda f: f.with_header(kid="unknown"),
    "key id that is a path": lambda f: f.with_header(kid="../../../dev/null"),
    "key id that is SQL": lambda f: f.with_header(kid="' or 1=1 --"),
    "key id that is a number": lambda f: f.with_header(kid=0),
    "jwk": lambda f: f.signed(f.header(jwk=dict(_STRANGER.jwk)), f.claims(), sign_with(_STRANGER)),
    "jwk and its key id": lambda f: f.signed(
        f.header(jwk=dict(_STRANGER.jwk), kid=_STRANGER.key_id), f.claims(), sign_with(_STRANGER)
    ),
    "jku": lambda f: f.with_header(jku="https://evil.test/jwks.json"),
    "x5u": lambda f: f.with_header(x5u="https://evil.test/chain.pem"),
    "x5c": lambda f: f.with_header(x5c=["MIIB"]),
    "crit": lambda f: f.with_header(crit=["exp"]),
    "b64": lambda f: f.with_header(b64=False, crit=["b64"]),
    "zip": lambda f: f.with_header(zip="DEF"),
    "nested type": lambda f: f.with_header(cty="JWT"),
    "algorithm twice": lambda f: f.signed(_twice(f.header(), "alg", "none"), f.claims()),
    "header that is a list": lambda f: f.signed(b"[]", f.claims()),
    "header that is no JSON": lambda f: f.signed(b"{alg:ES256}", f.claims()),
    "header that is no UTF-8": lambda f: f.signed(b"\xff\xfe", f.claims()),
    "header 2,000 deep": lambda f: f.signed(_deep(2000), f.claims()),
    "space in the header": lambda f: f.signed(orjson.dumps(f.header()) + b" ", f.claims()),
    # the signature
    "key of a stranger under our id": lambda f: f.signed(f.header(), f.claims(), sign_with(_STRANGER)),
    "key and id of a stranger": lambda f: f.signed(f.header(kid=_STRANGER.key_id), f.claims(), sign_with(_STRANGER)),
    "zeros": lambda f: f.signed(f.header(), f.claims(), lambda _: bytes(64)),
    "r is zero": lambda f: f.signed(f.header(), f.claims(), lambda m: bytes(32) + f.sign(m)[32:]),
    "r and s swapped": lambda f: f.signed(f.header(), f.claims(), lambda m: f.sign(m)[32:] + f.sign(m)[:32]),
    "DER": lambda f: f.signed(f.header(), f.claims(), lambda m: _der(f.sign(m))),
    "unused bits set": lambda f: f.resigned(_next_character),
    "padding": lambda f: f.resigned(lambda signature: signature + "=="),
    "cut": lambda f: f.resigned(lambda signature: signature[:-1]),
    "grown": lambda f: f.resigned(lambda signature: signature + "A"),
    "absent": lambda f: f.resigned(lambda _: ""),
    "other alphabet": lambda f: f.resigned(lambda signature: "+/" + signature[2:]),
    "claims changed after signing": _tampered,
    # issuer and audience
    "issuer of others": lambda f: f.with_claims(iss="https://evil.test"),
    "issuer with a slash": lambda f: f.with_claims(iss=f"{f.issuer}/"),
    "list of issuers": lambda f: f.with_claims(iss=[f.issuer]),
    "no issuer": lambda f: f.with_claims(iss=REMOVED),
    "audience of others": lambda f: f.with_claims(aud="billing"),
    "audience gateway": lambda f: f.with_claims(aud="gateway"),
    "audience that begins alike": lambda f: f.with_claims(aud=f"{f.audience}2"),
    "list of audiences": lambda f: f.with_claims(aud=[f.audience]),
    "two audiences": lambda f: f.with_claims(aud=[f.audience, "evil"]),
    "no audience": lambda f: f.with_claims(aud=REMOVED),
    "empty audience": lambda f: f.with_claims(aud=""),
    # time
    "expired": lambda f: f.with_claims(iat=f.now - 120, exp=f.now - 60),
    "expires now": lambda f: f.with_claims(exp=f.now),
    "no expiry": lambda f: f.with_claims(exp=REMOVED),
    "expiry null": lambda f: f.with_claims(exp=None),
    "expiry as text": lambda f: f.with_claims(exp=str(f.now + 60)),
    "expiry as a fraction": lambda f: f.with_claims(exp=f.now + 60.5),
    "expiry true": lambda f: f.with_claims(exp=True),
    "expiry in a list": lambda f: f.with_claims(exp=[f.now + 60]),
    "expiry beyond every clock": lambda f: f.signed(
        f.header(), orjson.dumps(f.claims(exp=1)).replace(b'"exp":1', b'"exp":1e400')
    ),
    "issued in the future": lambda f: f.with_claims(iat=f.now + 30),
    "no issuing time": lambda f: f.with_claims(iat=REMOVED),
    "lives two days": lambda f: f.with_claims(exp=f.now + 2 * 86400),
    "issued in 1970": lambda f: f.with_claims(iat=0),
    "not before tomorrow": lambda f: f.with_claims(nbf=f.now + 86400),
    # the caller
    "no subject": lambda f: f.with_claims(sub=REMOVED),
    "subject that is no id": lambda f: f.with_claims(sub="root"),
    "role unknown": lambda f: f.with_claims(roles=["root"]),
    "roles as text": lambda f: f.with_claims(roles="counsellor"),
    "no roles": lambda f: f.with_claims(roles=REMOVED),
    "no organization": lambda f: f.with_claims(org=REMOVED),
    "organization that is no id": lambda f: f.with_claims(org="*"),
    "acting for a stranger": lambda f: f.with_claims(act="evil"),
    "acting as an object": lambda f: f.with_claims(act={"sub": "records"}),
    "no token id": lambda f: f.with_claims(jti=REMOVED),
    "application without a scope": lambda f: f.with_claims(client_id=str(UUID(int=9))),
    "context without an application": lambda f: f.with_claims(patient=str(UUID(int=9))),
    "list of scopes": lambda f: f.with_claims(client_id=str(UUID(int=9)), scope=["eventide/api"]),
    "claim of others": lambda f: f.with_claims(scope="system/*.*"),
    "organization twice": lambda f: f.signed(f.header(), _twice(f.claims(), "org", str(UUID(int=9)))),
    # the form
    "claims that are a list": lambda f: f.signed(f.header(), []),
    "claims that are null": lambda f: f.signed(f.header(), None),
    "claims that are no JSON": lambda f: f.signed(f.header(), b"exp=never"),
    "claims 2,000 deep": lambda f: f.signed(f.header(), _deep(2000)),
    "lone surrogate": lambda f: f.signed(f.header(), b'{"iss":"\\ud800"}'),
    "nothing": lambda _: "",
    "two dots": lambda _: "..",
    "one part": lambda _: "token",
    "two parts": lambda f: f.with_claims().rpartition(".")[0],
    "four parts": lambda f: f.with_claims() + ".x",
    "encrypted": lambda _: f"{encode(orjson.dumps({'alg': 'dir', 'enc': 'A256GCM'}))}..x.x.x",
    "JSON serialization": lambda f: orjson.dumps({"payload": encode(orjson.dumps(f.claims()))}).decode(),
    "9,000 characters": lambda f: f.with_claims(jti="x" * 9000),
    "200,000 characters": lambda f: "A" * 200_000 + "." + f.with_claims(),
    "line break at the end": lambda f: f.with_claims() + "\n",
    "space in front": lambda f: " " + f.with_claims(),
    "NUL at the end": lambda f: f.with_claims() + "\0",
    "not ASCII": lambda f: f.with_claims() + "\u00e9",
    "wide digits": lambda f: f.with_claims().replace("e", "\uff45"),
}
"""By name; each a token of the forge's kind with one thing wrong."""
