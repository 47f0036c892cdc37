"""When a proof is taken: once, and at the token endpoint only with a nonce of ours."""

from collections.abc import Mapping

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.contracts.gateway.oauth_clients import OauthClient
from services.gateway.dpop.rules import Nonces, Proof, read_proof
from services.gateway.dpop.storage import UsedProofs
from services.gateway.errors import ProofRefusedError
from services.gateway.oauth_refusals import InvalidDpopProofError, UseDpopNonceError


class Proofs:
    """The proofs that were used, in whichever process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def use(self, proof: Proof) -> bool:
        """Use a proof up; says no to the second use."""
        # In a transaction of its own: it stays used, whatever comes of the request.
        async with self._database.read(None) as own:
            used = UsedProofs(own.connection)
            return await used.use(proof.digest, forgotten_at=proof.forgotten_at, now=self._clock.now())

    async def use_at_a_resource(self, proof: Proof) -> None:
        """Use up the proof of a request that was found good otherwise; raises ProofRefusedError the second time."""
        if not await self.use(proof):
            raise ProofRefusedError


class EndpointProofs:
    """Which key an application proves at an endpoint of the authorization server (RFC 9449, 5 and 10.1)."""

    def __init__(self, proofs: Proofs, nonces: Nonces, url: str, clock: Clock) -> None:
        self._proofs = proofs
        self._nonces = nonces
        self._url = url
        self._clock = clock

    async def key_of(self, sent: str | None, client: OauthClient) -> str | None:
        """Return the thumbprint of the key that a request proves, or None for one without a proof.

        Raises:
            InvalidDpopProofError: It is no good proof for this endpoint now, was used before, or has to be there.
            UseDpopNonceError: It has no nonce of ours, or one that is over.
        """
        if sent is None:
            if client.dpop_bound_access_tokens:
                raise InvalidDpopProofError
            return None
        return await self._proved(sent)

    async def with_key(self, sent: str | None, parameters: Mapping[str, str]) -> dict[str, str]:
        """Return the parameters of a pushed request, which name the key that was proved, if one was.

        Raises:
            InvalidDpopProofError: As for `key_of`, or they name another key.
            UseDpopNonceError: As for `key_of`.
        """
        if sent is None:
            return dict(parameters)
        key = await self._proved(sent)
        if parameters.get("dpop_jkt", key) != key:
            raise InvalidDpopProofError
        return {**parameters, "dpop_jkt": key}

    async def _proved(self, sent: str) -> str:
        now = self._clock.now()
        proof = read_proof(sent, method="POST", url=self._url, now=now)
        if proof is None:
            raise InvalidDpopProofError
        if proof.nonce is None or not self._nonces.is_good(proof.nonce, now):
            raise UseDpopNonceError
        if not await self._proofs.use(proof):
            raise InvalidDpopProofError
        return proof.key
