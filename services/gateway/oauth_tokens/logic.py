"""Who asks at the token endpoint, and what is answered there."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from services.chassis.clock import Clock
from services.chassis.tokens import InvalidTokenError, verified_payload
from services.contracts.gateway.oauth_clients import OauthClient, OauthClientKind, OauthGrantType
from services.contracts.gateway.oauth_tokens import ConfirmedKey, Introspection, OauthTokens
from services.contracts.identifiers import OauthClientId
from services.contracts.identity import Principal
from services.gateway.attempts.logic import AttemptsLogic
from services.gateway.authentication import AccessTokens
from services.gateway.dpop.logic import EndpointProofs
from services.gateway.grants.granted import Grant
from services.gateway.grants.logic import GrantsLogic
from services.gateway.grants.rules import fhir_user, scheme_of
from services.gateway.oauth_clients.keys import ClientKeys
from services.gateway.oauth_clients.logic import OauthClientsLogic
from services.gateway.oauth_refusals import (
    InvalidClientError,
    InvalidOauthRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
    UnsupportedGrantTypeError,
)
from services.gateway.oauth_tokens.rules import (
    ASSERTION_TYPE,
    LEEWAY_SECONDS,
    Assertion,
    client_named_in,
    key_for,
    read_assertion,
)
from services.policy.smart.scopes import narrow
from services.policy.smart.words import FHIR_USER, known, without_a_person

ClientUnits = Callable[[], AbstractAsyncContextManager[OauthClientsLogic]]
"""Opens a transaction that sees applications."""
Parameters = Mapping[str, str]
_CREDENTIALS_OF_OTHERS: Final = frozenset({"client_secret", "username", "password"})


class ClientAuthentication:
    """Finds out which application asks; the same refusal for every reason."""

    def __init__(
        self,
        units: ClientUnits,
        keys: ClientKeys,
        attempts: AttemptsLogic,
        clock: Clock,
        audiences: tuple[str, ...],
    ) -> None:
        self._units = units
        self._attempts = attempts
        self._keys = keys
        self._clock = clock
        self._audiences = audiences

    async def authenticate(self, parameters: Parameters) -> OauthClient:
        """Return the application: a public one by its name, a confidential one by the assertion it signed.

        Who is refused in the name of one that exists is told in the trail of its organization, from each network once
        in a quarter of an hour: anybody can send what is refused, and the trail must not grow by it.

        Raises:
            InvalidClientError: It is unknown, disabled, or has not proved to be itself.
        """
        try:
            return await self._authenticate(parameters)
        except InvalidClientError:
            await self._tell_refused(_named(parameters))
            raise

    async def _tell_refused(self, named: OauthClientId | None) -> None:
        if named is None:
            return
        async with self._units() as clients:
            is_known = await clients.enabled(named) is not None
        if is_known and await self._attempts.is_first_refusal(str(named)):
            async with self._units() as clients:
                await clients.tell_refused(named, self._attempts.network)

    async def _authenticate(self, parameters: Parameters) -> OauthClient:
        if _CREDENTIALS_OF_OTHERS & set(parameters):
            raise InvalidClientError
        if "client_assertion" in parameters or "client_assertion_type" in parameters:
            return await self._by_assertion(parameters)
        client = await self._find(parameters.get("client_id"))
        if client.kind is not OauthClientKind.PUBLIC:
            raise InvalidClientError
        return client

    async def _by_assertion(self, parameters: Parameters) -> OauthClient:
        token = parameters.get("client_assertion", "")
        assertion = read_assertion(token, self._audiences, self._clock.now())
        if assertion is None or parameters.get("client_assertion_type") != ASSERTION_TYPE:
            raise InvalidClientError
        if parameters.get("client_id", str(assertion.client_id)) != str(assertion.client_id):
            raise InvalidClientError
        client = await self._find(str(assertion.client_id))
        if client.kind is not OauthClientKind.CONFIDENTIAL or assertion.key_set_url not in {None, client.jwks_uri}:
            raise InvalidClientError
        key = key_for(assertion, await self._keys.of(client, assertion.key_id))
        if key is None:
            raise InvalidClientError
        try:
            verified_payload(token, key)
        except InvalidTokenError:
            raise InvalidClientError from None
        await self._use(client, assertion)
        return client

    async def _use(self, client: OauthClient, assertion: Assertion) -> None:
        # Kept beyond its expiry by the leeway, within which another process may still take it for good.
        expires_at = datetime.fromtimestamp(assertion.expires_at + LEEWAY_SECONDS, UTC)
        async with self._units() as clients:
            is_first = await clients.use_assertion(client.id, assertion.jti, expires_at=expires_at)
        if not is_first:
            raise InvalidClientError

    async def _find(self, text: str | None) -> OauthClient:
        client_id = _client_id(text)
        if client_id is None:
            raise InvalidClientError
        async with self._units() as clients:
            client = await clients.enabled(client_id)
        if client is None:
            raise InvalidClientError
        return client


class OauthTokensLogic:
    """Answers at the token endpoint, and what is asked about tokens afterwards."""

    def __init__(
        self,
        authentication: ClientAuthentication,
        proofs: EndpointProofs,
        grants: GrantsLogic,
        access: AccessTokens,
        *,
        issuer: str,
        fhir: str,
    ) -> None:
        self._proofs = proofs
        self._authentication = authentication
        self._grants = grants
        self._access = access
        self._issuer = issuer
        self._fhir = fhir

    async def give(self, parameters: Parameters, proof: str | None) -> OauthTokens:
        """Return tokens for a code, a refresh token, or a service's own name; bound to the key that a proof is made of.

        Raises:
            OauthRefusalError: As RFC 6749, 5.2 lists.
        """
        grant_type = parameters.get("grant_type")
        if grant_type is None:
            raise InvalidOauthRequestError("Send grant_type.")
        client = await self._authentication.authenticate(parameters)
        proof_key = await self._proofs.key_of(proof, client)
        if grant_type == "authorization_code":
            return await self._for_code(client, parameters, proof_key)
        if grant_type == OauthGrantType.DEVICE_CODE:
            return await self._for_device(client, parameters, proof_key)
        if grant_type == "refresh_token":
            _may(client, OauthGrantType.AUTHORIZATION_CODE, OauthGrantType.DEVICE_CODE)
            token = _required(parameters, "refresh_token")
            return await self._grants.refresh(token, client, scope=parameters.get("scope"), proof_key=proof_key)
        if grant_type == "client_credentials":
            return await self._for_service(client, parameters, proof_key)
        raise UnsupportedGrantTypeError

    async def revoke(self, parameters: Parameters) -> None:
        """End what a token belongs to; one that is unknown, over or another's is answered like any other (RFC 7009).

        Raises:
            OauthRefusalError: The application is not authenticated, or `token` is missing.
        """
        client = await self._authentication.authenticate(parameters)
        token = _required(parameters, "token")
        verified = self._verified(token)
        await self._grants.revoke(token, client, token=None if verified is None else verified[0])

    async def introspect(self, parameters: Parameters) -> Introspection:
        """Say what a token is good for, to an application that proves itself; of others' tokens only that they are not.

        Raises:
            OauthRefusalError: The application is not confidential, not authenticated, or `token` is missing.
        """
        client = await self._authentication.authenticate(parameters)
        if client.kind is not OauthClientKind.CONFIDENTIAL:
            raise InvalidClientError
        token = _required(parameters, "token")
        verified = self._verified(token)
        if verified is not None:
            return self._of_access_token(*verified, client)
        grant = await self._grants.live_refresh_token(token)
        return Introspection(active=False) if grant is None else self._of_grant(grant, client)

    def _verified(self, token: str) -> tuple[Principal, int] | None:
        try:
            return self._access.verify(token), self._access.expires_at(token)
        except InvalidTokenError:
            return None

    def _of_access_token(self, principal: Principal, expires_at: int, client: OauthClient) -> Introspection:
        delegation = principal.delegation
        if delegation is None or not _may_know(client, delegation.oauth_client_id, principal):
            return Introspection(active=False)
        user = fhir_user(self._fhir, principal.account_id, principal.roles, delegation.patient_id)
        return Introspection(
            active=True,
            scope=" ".join(sorted(delegation.scopes)),
            client_id=str(delegation.oauth_client_id),
            token_type=scheme_of(principal.proof_key),
            cnf=_confirmed(principal.proof_key),
            exp=expires_at,
            iss=self._issuer,
            sub=str(principal.account_id),
            patient=delegation.patient_id,
            encounter=delegation.encounter_id,
            fhir_user=user if FHIR_USER in delegation.scopes else None,
        )

    def _of_grant(self, grant: Grant, client: OauthClient) -> Introspection:
        if grant.client_id != client.id:
            return Introspection(active=False)
        return Introspection(
            active=True,
            scope=" ".join(grant.scopes),
            client_id=str(grant.client_id),
            cnf=_confirmed(grant.proof_key),
            exp=int(grant.expires_at.timestamp()),
            iss=self._issuer,
            sub=str(grant.account_id),
            patient=grant.patient_id,
            encounter=grant.encounter_id,
        )

    async def _for_code(self, client: OauthClient, parameters: Parameters, proof_key: str | None) -> OauthTokens:
        _may(client, OauthGrantType.AUTHORIZATION_CODE)
        return await self._grants.redeem(
            _required(parameters, "code"),
            client,
            redirect_uri=_required(parameters, "redirect_uri"),
            verifier=_required(parameters, "code_verifier"),
            proof_key=proof_key,
        )

    async def _for_device(self, client: OauthClient, parameters: Parameters, proof_key: str | None) -> OauthTokens:
        _may(client, OauthGrantType.DEVICE_CODE)
        return await self._grants.of_device(_required(parameters, "device_code"), client, proof_key=proof_key)

    async def _for_service(self, client: OauthClient, parameters: Parameters, proof_key: str | None) -> OauthTokens:
        _may(client, OauthGrantType.CLIENT_CREDENTIALS)
        requested = without_a_person(known(_required(parameters, "scope").split()))
        granted = narrow(requested, client.scopes)
        if not granted:
            raise InvalidScopeError
        return await self._grants.of_service(client, granted, proof_key=proof_key)


def _confirmed(proof_key: str | None) -> ConfirmedKey | None:
    return None if proof_key is None else ConfirmedKey(jkt=proof_key)


def _may_know(client: OauthClient, token_client: OauthClientId, principal: Principal) -> bool:
    """Say whether an application may learn of a token: its own, or as a resource server of the same organization."""
    is_server = OauthGrantType.CLIENT_CREDENTIALS in client.grant_types
    return token_client == client.id or (is_server and client.organization_id == principal.organization_id)


def _may(client: OauthClient, *grant_types: OauthGrantType) -> None:
    if not set(grant_types) & set(client.grant_types):
        raise UnauthorizedClientError


def _required(parameters: Parameters, name: str) -> str:
    value = parameters.get(name)
    if value is None:
        raise InvalidOauthRequestError(f"Send {name}.")
    return value


def _named(parameters: Parameters) -> OauthClientId | None:
    """Return which application somebody says to be, in a parameter or in an assertion that nobody has verified."""
    claimed = client_named_in(parameters.get("client_assertion", ""))
    return _client_id(parameters.get("client_id") or claimed)


def _client_id(text: str | None) -> OauthClientId | None:
    """Read a client_id in the one spelling that we give out."""
    try:
        client_id = UUID(text or "")
    except ValueError:
        return None
    return OauthClientId(client_id) if str(client_id) == text else None
