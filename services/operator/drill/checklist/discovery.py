"""Checks 1 to 6: what the server says of itself, and that it is so."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.chassis.private_files import write_private
from services.operator.drill.checklist.probes.applications import SERVICE, Application
from services.operator.drill.checklist.probes.calling import Answer
from services.operator.drill.checklist.probes.signing import Key, bytes_of, part_of
from services.operator.drill.checklist.verdicts import check, require, same
from services.operator.drill.checklist.world import Moment, World
from services.operator.state import StateFolder

_DOCUMENTS: Final = (
    "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/smart-configuration",
    "/fhir/R4/.well-known/smart-configuration",
)  # fmt: skip
_SMART: Final = _DOCUMENTS[2:]
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_UNADVERTISED_GRANTS: Final = frozenset(
    {
        "password", "implicit", "urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba",
        "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer",
    }
)  # fmt: skip
_UNADVERTISED_ENDPOINTS: Final = {
    "device_authorization_endpoint": "/oauth/device_authorization",
    "registration_endpoint": "/oauth/register",
    "userinfo_endpoint": "/oauth/userinfo",
    "end_session_endpoint": "/oauth/end_session",
    "backchannel_authentication_endpoint": "/oauth/bc-authorize",
}
_FORGED_ALGORITHMS: Final = ("none", "HS256", "HS384", "ES256", "RS256", "PS256", "PS384", "ES512", "RS512", "EdDSA")


@check(1, "the SMART configuration is JSON, complete, and open to every page")
async def check_01(world: World) -> None:
    """Ask for it in every way a client asks."""
    for path in _SMART:
        for accept in ("application/json", "text/html", "application/xml", "*/*"):
            answer = await world.caller().get(path, accept=accept, origin="https://page.example")
            same(answer.status, 200, f"{path} for {accept}")
            require(answer.headers["content-type"].startswith("application/json"), f"{path} is no JSON for {accept}")
            same(answer.headers.get("access-control-allow-origin"), "*", f"{path} for a page's script")
            _check_configuration(answer.json())


def _check_configuration(told: Mapping[str, Any]) -> None:
    for name, value in told.items():
        if name.endswith("_endpoint") or name in {"issuer", "jwks_uri"}:
            require(urlsplit(value).scheme and urlsplit(value).netloc, f"{name} is no absolute URL")
    methods = told["code_challenge_methods_supported"]
    require("S256" in methods and "plain" not in methods, f"challenge methods are {methods}")
    has_sign_on = "sso-openid-connect" in told["capabilities"]
    same({"issuer", "jwks_uri"} <= set(told), has_sign_on, "issuer and jwks_uri beside sso-openid-connect")


@check(2, "the issuer of the OpenID configuration is the `iss` of what it signs, with RS256")
async def check_02(world: World) -> None:
    """Compare it byte for byte, and verify the signature with the published key."""
    told = (await world.caller().get("/.well-known/openid-configuration")).json()
    flow, application = await world.flow(), await world.application()
    answer = await flow.code(application)
    token = (await flow.redeem(application, answer.redirected["code"])).json()["id_token"]
    same(part_of(token, 1)["iss"], told["issuer"], "iss of the ID token")
    same(answer.redirected["iss"], told["issuer"], "iss of the redirect")
    same(part_of(token, 0)["alg"], "RS256", "alg of the ID token")
    require("RS256" in told["id_token_signing_alg_values_supported"], "RS256 is not advertised")
    keys = (await world.caller().get("/.well-known/jwks.json")).json()["keys"]
    require(is_signed_by_one_of(token, keys), "no published key verifies the ID token")


def is_signed_by_one_of(token: str, keys: Iterable[Mapping[str, str]]) -> bool:
    """Say whether one of these RSA keys has signed a token under its own id."""
    signed, _, signature = token.rpartition(".")
    for key in keys:
        if key["kid"] != part_of(token, 0)["kid"] or key["kty"] != "RSA":
            continue
        numbers = [int.from_bytes(bytes_of(key[name])) for name in ("e", "n")]
        public = rsa.RSAPublicNumbers(*numbers).public_key()
        try:
            public.verify(bytes_of(signature), signed.encode(), padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True
    return False


@check(3, "the metadata of RFC 8414 agrees with the other documents")
async def check_03(world: World) -> None:
    """Compare all members that two documents share."""
    told = {path: (await world.caller().get(path)).json() for path in _DOCUMENTS}
    first = told[_DOCUMENTS[0]]
    require({"issuer", "token_endpoint", "response_types_supported"} <= set(first), "members that RFC 8414 asks for")
    for path, document in told.items():
        for name in set(first) & set(document):
            same(document[name], first[name], f"{name} of {path}")


@check(4, "published keys have an id, an algorithm and a use, and nothing private")
async def check_04(world: World) -> None:
    """Look at each of them."""
    keys = (await world.caller().get("/.well-known/jwks.json")).json()["keys"]
    require(keys, "there are no keys")
    for key in keys:
        require({"kid", "alg", "use", "kty"} <= set(key), f"a key has only {sorted(key)}")
        require(not _PRIVATE & set(key), "a private member is published")
    same(len({key["kid"] for key in keys}), len(keys), "different key ids")


@check(5, "a new signing key is published before it signs, and tokens of the old one stay good")
async def check_05(world: World) -> None:
    """Put a newer key where the gateway finds its keys, as an operator does, and look before and after it restarts."""
    before = await _key_ids(world)
    old = await _token(world)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # It is named for the instant from which it signs. Last of all, for others sign with what is there.
    path = StateFolder(world.state).signing_keys / "99991231T235959Z.pem"
    world.last_acts.append(lambda: write_private(path, pem))
    await world.until(Moment.A_CODE_IS_OLD)
    same((await world.caller(old).get("/v1/me")).status, 200, "a token of the old key")
    after = await _key_ids(world)
    require(before < after, "the old keys are not published any more, or the new one is not")
    signs = part_of(await _token(world), 0)["kid"]
    require(signs in before, "a new key signs from the moment in which it is published first")


async def _key_ids(world: World) -> set[str]:
    return {key["kid"] for key in (await world.caller().get("/.well-known/jwks.json")).json()["keys"]}


async def _token(world: World) -> str:
    session = await world.session(await world.person())
    token: str = session["access_token"]
    return token


@check(6, "what is advertised works, and nothing else does")
async def check_06(world: World) -> None:
    """Ask every endpoint, every grant and every algorithm, advertised or not."""
    told = await world.documents()
    caller = world.caller()
    for name, url in told.items():
        if name.endswith("_endpoint"):
            answer = await caller.form(urlsplit(url).path, {})
            require(answer.status in {400, 401}, f"{name} answers an empty form with {answer.status}")
    for name, path in _UNADVERTISED_ENDPOINTS.items():
        if name not in told:
            same((await caller.form(path, {})).status, 404, f"{name}, which is not advertised")
    await _check_grants(world, set(told["grant_types_supported"]))
    await _check_algorithms(world, set(told["token_endpoint_auth_signing_alg_values_supported"]))


async def _check_grants(world: World, advertised: set[str]) -> None:
    application = await world.application()
    for grant_type in advertised | _UNADVERTISED_GRANTS:
        form = {"grant_type": grant_type, **application.proof()}
        refused = (await world.caller().form("/oauth/token", form)).error
        same(refused == "unsupported_grant_type", grant_type not in advertised, f"{grant_type} is not supported")


async def _check_algorithms(world: World, advertised: set[str]) -> None:
    for algorithm in sorted(advertised):
        require(algorithm in {"ES384", "RS384"}, f"{algorithm} is advertised, and this drill cannot sign with it")
        service = await world.application(key=Key(algorithm), **SERVICE)
        same((await _service_token(world, service)).status, 200, f"an assertion with {algorithm}")
    service = await world.application(key=Key(), **SERVICE)
    for algorithm in set(_FORGED_ALGORITHMS) - advertised:
        answer = await _service_token(world, service, {"alg": algorithm})
        same(answer.error, "invalid_client", f"an assertion with {algorithm}")


async def _service_token(world: World, service: Application, header: dict[str, Any] | None = None) -> Answer:
    form = {"grant_type": "client_credentials", "scope": "system/*.rs", **service.proof(header)}
    return await world.caller().form("/oauth/token", form)
