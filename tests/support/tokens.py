"""Tokens for tests, signed with a key of the run."""

from datetime import timedelta
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.chassis.clock import Clock
from services.chassis.id_tokens import IdTokenKey
from services.chassis.tokens import (
    ACCESS_AUDIENCE,
    InvalidTokenError,
    KeyRing,
    TokenSigner,
    TokenType,
    TokenVerifier,
)
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Microservice, Principal, Role, SignIn
from services.operator.drill.tokens.forging import Forge, new_key

ISSUER = "urn:eventide:test"


def new_id_token_key() -> IdTokenKey:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return IdTokenKey.from_pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def principal(
    *roles: Role,
    organization: UUID | None,
    account: UUID | None = None,
    acting: Microservice | None = None,
    sign_in: SignIn | None = None,
) -> Principal:
    return Principal(
        account_id=AccountId(account or uuid4()),
        organization_id=None if organization is None else OrganizationId(organization),
        roles=frozenset(roles),
        acting_service=acting,
        token_id="test",
        delegation=None,
        sign_in=sign_in,
        proof_key=None,
    )


class Tokens:
    """Signs what a test needs, and does locally what the gateway's token exchange does over HTTP."""

    def __init__(self, keys: KeyRing, clock: Clock) -> None:
        self.keys = keys
        self.clock = clock
        self._signer = TokenSigner(keys, issuer=ISSUER, clock=clock)

    def internal(self, caller: Principal, audience: Microservice) -> str:
        lifetime = timedelta(seconds=60)
        return self._signer.sign(caller, token_type=TokenType.INTERNAL, audience=audience, lifetime=lifetime)[0]

    def access(self, caller: Principal) -> str:
        lifetime = timedelta(minutes=15)
        return self._signer.sign(caller, token_type=TokenType.ACCESS, audience=ACCESS_AUDIENCE, lifetime=lifetime)[0]

    def forge(self, token_type: TokenType, audience: str) -> Forge:
        return Forge(self.keys.signing_at(self.clock.now()), self.clock, token_type, audience, ISSUER)

    def verifier(self, audience: Microservice) -> TokenVerifier:
        return TokenVerifier(issuer=ISSUER, audience=audience, token_type=TokenType.INTERNAL, clock=self.clock)

    async def exchange(self, caller_token: str, audience: Microservice) -> str:
        claims = self.verifier(Microservice.SCHEDULER).verify(caller_token, self.keys)
        caller = claims.principal().model_copy(update={"acting_service": Microservice.SCHEDULER})
        return self.internal(caller, audience)


class LocalAuthenticator:
    """Verifies internal tokens with the run's own keys instead of fetching them from a gateway."""

    def __init__(self, tokens: Tokens, audience: Microservice) -> None:
        self._tokens = tokens
        self._verifier = tokens.verifier(audience)

    async def authenticate(self, token: str) -> Principal:
        return self._verifier.verify(token, self._tokens.keys).principal()


__all__ = ["ISSUER", "InvalidTokenError", "LocalAuthenticator", "Tokens", "new_id_token_key", "new_key", "principal"]
