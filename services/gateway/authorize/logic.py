"""The story of one authorization: asked, signed in, decided, and back with a code."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.chassis.clock import Clock
from services.contracts.gateway.oauth_clients import OauthClient, OauthGrantType
from services.contracts.gateway.oauth_tokens import DeviceAuthorization
from services.contracts.identifiers import OauthClientId, OrganizationId
from services.contracts.identity import Principal
from services.gateway.authorize.rules import (
    PUSHED_LIFETIME,
    REQUEST_LIFETIME,
    Asked,
    RefusedRequestError,
    UnknownRedirectError,
    answer_uri,
    device_scopes,
    granted_of,
    is_its_own,
    is_remembered,
    is_unmet,
    must_sign_in,
    read_asked,
    redirect_of,
)
from services.gateway.authorize.steps import (
    Browser,
    Decision,
    GoTo,
    ShowConsent,
    ShowSignIn,
    SignedIn,
    Step,
    Turning,
)
from services.gateway.authorize.storage import AuthorizationStorage, Context, Waiting
from services.gateway.devices.answering import DeviceAnswering
from services.gateway.devices.logic import DevicesLogic
from services.gateway.grants.granted import Consented, Handle
from services.gateway.grants.holders import NewGrants
from services.gateway.grants.logic import GrantsLogic
from services.gateway.grants.rules import fhir_user
from services.gateway.oauth_clients.logic import OauthClientsLogic
from services.gateway.oauth_refusals import UnauthorizedClientError
from services.gateway.patient_door import PatientDoor
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail

_UNMET: Final = "unmet_authentication_requirements"
"""OpenID Connect Core Unmet Authentication Requirements Error Code 1.0."""
PUSHED: Final = "urn:ietf:params:oauth:request_uri:"


@dataclass(frozen=True, slots=True)
class AuthorizeUnit:
    """What one transaction works with."""

    clients: OauthClientsLogic
    requests: AuthorizationStorage
    grants: NewGrants
    devices: DeviceAnswering
    trail: SecurityTrail


class _ChangedMeanwhileError(Exception):
    """The application is not what the person saw: nothing of what was about to be kept may stand."""


class _DeviceOverError(Exception):
    """The device waited too long, or somebody else decided: nothing of what was about to be kept may stand."""


AuthorizeUnits = Callable[[OrganizationId | None], AbstractAsyncContextManager[AuthorizeUnit]]
"""Opens a transaction that sees one organization, or none."""


class AuthorizeLogic:
    """Leads a person through an authorization; each step is checked anew, whatever the page said."""

    def __init__(
        self,
        units: AuthorizeUnits,
        grants: GrantsLogic,
        door: PatientDoor,
        devices: DevicesLogic,
        *,
        clock: Clock,
        issuer: str,
        fhir_base: str,
    ) -> None:
        self._units = units
        self._grants = grants
        self._door = door
        self._devices = devices
        self._clock = clock
        self._issuer = issuer
        self._fhir_base = fhir_base

    async def push(self, client: OauthClient, parameters: Mapping[str, str]) -> str:
        """Keep the parameters of an application that has proved itself; returns their request_uri (RFC 9126).

        Raises:
            UnknownRedirectError: The redirect is not its own.
            RefusedRequestError: The request is not good.
        """
        if "request_uri" in parameters:
            raise RefusedRequestError("invalid_request", "Push the parameters, and no request_uri.")
        redirect_of(parameters, client)
        read_asked(parameters, client, self._fhir_base)
        handle, now = secrets.token_urlsafe(32), self._clock.now()
        waiting = Waiting(client.id, dict(parameters), now)
        async with self._units(None) as unit:
            await unit.requests.keep(handle, waiting, browser=None, expires_at=now + PUSHED_LIFETIME, now=now)
        return PUSHED + handle

    async def begin(self, parameters: Mapping[str, str], browser: Browser) -> Step:
        """Take a request in and say what comes next.

        Raises:
            UnknownRedirectError: Nothing may be sent anywhere; the person is told.
        """
        client = await self._client(_client_id(parameters.get("client_id")))
        now = self._clock.now()
        if "request_uri" in parameters:
            parameters = await self._pushed(parameters["request_uri"], client, now)
        redirect = redirect_of(parameters, client)
        try:
            asked = read_asked(parameters, client, self._fhir_base)
        except RefusedRequestError as refusal:
            return self._refusal(redirect, parameters.get("state"), refusal.error, refusal.description)
        handle = secrets.token_urlsafe(32)
        waiting = Waiting(client.id, asked.kept(), now)
        async with self._units(None) as unit:
            await unit.requests.keep(
                handle, waiting, browser=browser.secret, expires_at=now + REQUEST_LIFETIME, now=now
            )
        return await self._next(handle, client, waiting, browser)

    async def begin_device(self, client: OauthClient, parameters: Mapping[str, str]) -> DeviceAuthorization:
        """Let a device of an application that has proved itself wait for a person.

        Raises:
            UnauthorizedClientError: The application is not registered for devices.
            RefusedRequestError: Nothing of what it asks for can be granted.
        """
        if OauthGrantType.DEVICE_CODE not in client.grant_types:
            raise UnauthorizedClientError
        scopes = device_scopes(parameters, client, self._fhir_base)
        begun = await self._devices.begin(client.id, scopes)
        page = self._device_page
        return DeviceAuthorization(
            device_code=begun.device_code,
            user_code=begun.user_code,
            verification_uri=page,
            verification_uri_complete=answer_uri(page, {"user_code": begun.user_code}),
            expires_in=int(begun.lifetime.total_seconds()),
            interval=int(begun.interval.total_seconds()),
        )

    async def begin_with_user_code(self, typed: str, browser: Browser) -> Step:
        """Take in the code that a device shows, and say what comes next.

        Raises:
            TriedTooOftenError: Too many from here were wrong.
            UnknownRedirectError: No device waits with it.
        """
        found = await self._devices.showing(typed)
        if found is None:
            raise UnknownRedirectError
        user_code, device = found
        client, now = await self._client(device.client_id), self._clock.now()
        handle, asked = secrets.token_urlsafe(32), Asked.by_device(user_code, device.scopes, self._device_page)
        if not is_its_own(asked, client):
            raise UnknownRedirectError
        waiting = Waiting(client.id, asked.kept(), now)
        async with self._units(None) as unit:
            await unit.requests.keep(handle, waiting, browser=browser.secret, expires_at=device.expires_at, now=now)
        return await self._next(handle, client, waiting, browser)

    @property
    def _device_page(self) -> str:
        return f"{self._issuer}/oauth/device"

    async def resume(self, handle: str, browser: Browser, turning: Turning | None = None) -> Step:
        """Say what comes next for a request that is shown in this browser; raises as `begin` does."""
        waiting = await self._waiting(handle, browser)
        return await self._next(handle, await self._asking(waiting), waiting, browser, turning)

    async def decide(self, handle: str, browser: Browser, decision: Decision) -> Step:
        """Do what the person chose; raises as `begin` does."""
        waiting = await self._waiting(handle, browser)
        client = await self._asking(waiting)
        asked = Asked.from_kept(waiting.parameters)
        session = self._fresh_session(asked, waiting, browser.person)
        if session is None or browser.person is None or not _is_for(client, browser.person):
            return await self._next(handle, client, waiting, browser)
        if not decision.is_allowed:
            await self._take(handle, browser)
            await self._decline_device(asked, client)
            await self._tell(SecurityEventKind.CONSENT_DECLINED, session, client, asked.scopes)
            return self._refusal(asked.redirect_uri, asked.state, "access_denied", "The person declined.")
        return await self._allow(handle, client, asked, session=session, browser=browser, decision=decision)

    async def _next(
        self,
        handle: str,
        client: OauthClient,
        waiting: Waiting,
        browser: Browser,
        turning: Turning | None = None,
    ) -> Step:
        asked = Asked.from_kept(waiting.parameters)
        session = self._fresh_session(asked, waiting, browser.person)
        if session is None or browser.person is None:
            return self._sign_in_first(handle, client, asked, waiting, browser)
        if not _is_for(client, browser.person):
            return self._refusal(
                asked.redirect_uri, asked.state, "access_denied", "The application is another organization's."
            )
        async with self._units(session.organization_id) as unit:
            agreed = await unit.requests.agreed(session.account_id, client.id)
        if is_remembered(asked, client, agreed):
            everything = Decision(is_allowed=True, scopes=frozenset(asked.scopes), patient_id=None)
            return await self._allow(handle, client, asked, session=session, browser=browser, decision=everything)
        if "none" in asked.prompt:
            return self._refusal(asked.redirect_uri, asked.state, "consent_required", "The person is to be asked.")
        turned = turning or Turning(None, frozenset(asked.scopes))
        choices = await self._door.choices(browser.person, turned.page) if asked.needs_patient else None
        return ShowConsent(handle, client, asked, choices, turned.ticked)

    def _sign_in_first(
        self, handle: str, client: OauthClient, asked: Asked, waiting: Waiting, browser: Browser
    ) -> Step:
        sign_in = None if browser.person is None else browser.person.sign_in
        if "none" in asked.prompt:
            return self._refusal(asked.redirect_uri, asked.state, "login_required", "Nobody is signed in.")
        if sign_in is not None and is_unmet(asked, sign_in, since=waiting.created_at):
            return self._refusal(asked.redirect_uri, asked.state, _UNMET, "The person has no second factor.")
        return ShowSignIn(handle, client, asked)

    async def _allow(
        self,
        handle: str,
        client: OauthClient,
        asked: Asked,
        *,
        session: SignedIn,
        browser: Browser,
        decision: Decision,
    ) -> Step:
        person = browser.person
        if person is None:
            raise UnknownRedirectError
        await self._take(handle, browser)
        try:
            context = await self._context(client, asked, session, person, decision)
        except RefusedRequestError as refusal:
            await self._decline_device(asked, client)
            return self._refusal(asked.redirect_uri, asked.state, refusal.error, refusal.description)
        patient_id = None if context is None else context.patient_id
        user = fhir_user(self._fhir_base, person.account_id, person.roles, patient_id)
        scopes = granted_of(asked, decision.scopes, has_patient=context is not None, has_user=user is not None)
        if not scopes:
            await self._decline_device(asked, client)
            return self._refusal(asked.redirect_uri, asked.state, "access_denied", "The person granted nothing.")
        consented = Consented(
            client=client,
            person=person,
            organization_id=session.organization_id,
            login_session_id=session.id,
            scopes=scopes,
            redirect_uri=asked.redirect_uri,
            code_challenge=asked.code_challenge,
            nonce=asked.nonce,
            patient_id=patient_id,
            encounter_id=None if context is None else context.encounter_id,
            proof_key=asked.dpop_jkt,
        )
        try:
            await self._keep(asked, session, consented)
        except _DeviceOverError:
            return self._refusal(asked.redirect_uri, None, "expired_token", "The device has waited too long.")
        except _ChangedMeanwhileError:
            raise UnknownRedirectError from None
        if asked.user_code is not None:
            return GoTo(answer_uri(asked.redirect_uri, {"allowed": "1"}))
        code = await self._grants.code_for(consented)
        return GoTo(answer_uri(asked.redirect_uri, {"code": code, "state": asked.state, "iss": self._issuer}))

    async def _keep(self, asked: Asked, session: SignedIn, consented: Consented) -> None:
        organization_id, client, scopes = session.organization_id, consented.client, consented.scopes
        async with self._units(organization_id) as unit:
            if not await unit.clients.is_as_seen(client):
                raise _ChangedMeanwhileError
            if asked.user_code is not None:
                granted = organization_id, await unit.grants.add(consented)
                if not await unit.devices.let_in(asked.user_code, client.id, granted):
                    raise _DeviceOverError
            await unit.requests.agree(organization_id, session.account_id, client.id, scopes, self._clock.now())
            await unit.trail.tell(session.told(SecurityEventKind.CONSENT_GIVEN, client, scopes))

    async def _decline_device(self, asked: Asked, client: OauthClient) -> None:
        if asked.user_code is not None:
            await self._devices.decline(asked.user_code, client.id)

    async def _context(
        self, client: OauthClient, asked: Asked, session: SignedIn, person: Principal, decision: Decision
    ) -> Context | None:
        """Return the patient in context: of the launch, or as chosen and still visible to the person."""
        if asked.launch is not None:
            handle = Handle.read(asked.launch)
            if handle is None or handle.organization_id != session.organization_id:
                raise RefusedRequestError("invalid_request", "launch is unknown, used, or old.")
            async with self._units(session.organization_id) as unit:
                launched = await unit.requests.use_launch(handle, session.account_id, client.id, self._clock.now())
            if launched is None:
                raise RefusedRequestError("invalid_request", "launch is unknown, used, or old.")
            context: Context | None = launched
        else:
            context = None if decision.patient_id is None else Context(decision.patient_id, None)
            context = context if asked.needs_patient else None
        if context is not None and not await self._door.may_see(person, context.patient_id):
            raise RefusedRequestError("access_denied", "The person may not see this patient.")
        return context

    def _fresh_session(self, asked: Asked, waiting: Waiting, person: Principal | None) -> SignedIn | None:
        if person is None or person.organization_id is None or person.sign_in is None:
            return None
        sign_in = person.sign_in
        if must_sign_in(asked, sign_in, since=waiting.created_at, now=self._clock.now()):
            return None
        return SignedIn(sign_in.login_session_id, person.organization_id, person.account_id, sign_in.auth_time)

    async def _client(self, client_id: OauthClientId | None) -> OauthClient:
        if client_id is None:
            raise UnknownRedirectError
        async with self._units(None) as unit:
            client = await unit.clients.enabled(client_id)
        if client is None:
            raise UnknownRedirectError
        return client

    async def _asking(self, waiting: Waiting) -> OauthClient:
        """Return the application that waits, where it may still ask for this."""
        client = await self._client(waiting.client_id)
        if not is_its_own(Asked.from_kept(waiting.parameters), client):
            raise UnknownRedirectError
        return client

    async def _pushed(self, request_uri: str, client: OauthClient, now: datetime) -> Mapping[str, str]:
        if not request_uri.startswith(PUSHED):
            # What lies elsewhere is never fetched.
            raise UnknownRedirectError
        async with self._units(None) as unit:
            waiting = await unit.requests.take_pushed(request_uri.removeprefix(PUSHED), client.id, now)
        if waiting is None:
            raise UnknownRedirectError
        return waiting.parameters

    async def _waiting(self, handle: str, browser: Browser) -> Waiting:
        async with self._units(None) as unit:
            waiting = await unit.requests.find(handle, browser.secret, self._clock.now())
        if waiting is None:
            raise UnknownRedirectError
        return waiting

    async def _take(self, handle: str, browser: Browser) -> None:
        async with self._units(None) as unit:
            taken = await unit.requests.take(handle, browser.secret, self._clock.now())
        if taken is None:
            raise UnknownRedirectError

    async def _tell(
        self, kind: SecurityEventKind, session: SignedIn, client: OauthClient, scopes: tuple[str, ...]
    ) -> None:
        async with self._units(session.organization_id) as unit:
            await unit.trail.tell(session.told(kind, client, scopes))

    def _refusal(self, redirect_uri: str, state: str | None, error: str, description: str) -> GoTo:
        answer = {"error": error, "error_description": description, "state": state, "iss": self._issuer}
        return GoTo(answer_uri(redirect_uri, answer))


def _is_for(client: OauthClient, person: Principal) -> bool:
    return client.organization_id is None or client.organization_id == person.organization_id


def _client_id(text: str | None) -> OauthClientId | None:
    try:
        return None if text is None else OauthClientId(UUID(text))
    except ValueError:
        return None
