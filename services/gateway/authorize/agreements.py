"""Launching applications, and what people have agreed to: shown, and taken back."""

from dataclasses import replace

from services.chassis.clock import Clock
from services.chassis.errors import NotFoundError
from services.chassis.wiring import organization_of
from services.contracts.gateway.authorize import Launch, LaunchRequest, OauthConsent
from services.contracts.identifiers import OauthClientId
from services.contracts.identity import Principal
from services.gateway.authorize.rules import LAUNCH_LIFETIME
from services.gateway.authorize.storage import AuthorizationStorage, Context
from services.gateway.grants.endings import GrantEndings
from services.gateway.grants.granted import Handle
from services.gateway.oauth_clients.logic import OauthClientsLogic
from services.gateway.patient_door import PatientDoor
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told
from services.policy.smart.words import LAUNCH


class AgreementsLogic:
    """Starts applications in a patient's context, and lets people see and end what they have agreed to."""

    def __init__(
        self,
        storage: AuthorizationStorage,
        clients: OauthClientsLogic,
        grants: GrantEndings,
        door: PatientDoor,
        trail: SecurityTrail,
        *,
        clock: Clock,
        fhir_base: str,
    ) -> None:
        self._storage = storage
        self._clients = clients
        self._grants = grants
        self._door = door
        self._trail = trail
        self._clock = clock
        self._fhir_base = fhir_base

    async def launch(self, request: LaunchRequest, *, principal: Principal) -> Launch:
        """Start an application with a patient, and perhaps an encounter, that the caller may see.

        Raises:
            NotFoundError: The caller may not see the patient, the encounter is not the patient's, or there is no such
                application here that takes a launch.
        """
        organization_id = organization_of(principal)
        client = await self._clients.enabled(request.oauth_client_id)
        if client is None or client.organization_id not in {None, organization_id} or LAUNCH not in client.scopes:
            raise NotFoundError
        if not await self._door.may_see(principal, request.patient_id):
            raise NotFoundError
        encounter_id = request.encounter_id
        if encounter_id is not None and await self._door.patient_of(principal, encounter_id) != request.patient_id:
            raise NotFoundError
        handle = Handle.fresh(organization_id)
        await self._storage.add_launch(
            handle,
            principal.account_id,
            client.id,
            Context(request.patient_id, encounter_id),
            expires_at=self._clock.now() + LAUNCH_LIFETIME,
        )
        told = Told(SecurityEventKind.LAUNCH_CREATED, organization_id, by=principal.account_id)
        await self._trail.tell(replace(told, account_id=principal.account_id, oauth_client_id=client.id))
        return Launch(launch=handle.text, iss=self._fhir_base, expires_in=int(LAUNCH_LIFETIME.total_seconds()))

    async def agreements(self, *, principal: Principal) -> list[OauthConsent]:
        """Return what the caller has agreed to."""
        return [
            OauthConsent(
                oauth_client_id=OauthClientId(row.client_id),
                name=await self._clients.name(OauthClientId(row.client_id)),
                scopes=row.scopes,
                agreed_at=row.agreed_at,
            )
            for row in await self._storage.agreements(principal.account_id)
        ]

    async def revoke(self, client_id: OauthClientId, *, principal: Principal) -> None:
        """Take back what the caller agreed to for an application, and end all that it was granted.

        Raises:
            NotFoundError: The caller has agreed to nothing for it.
        """
        if not await self._storage.forget(principal.account_id, client_id):
            raise NotFoundError
        await self._grants.end_all(account_id=principal.account_id, client_id=client_id)
        await self._trail.tell(
            Told(
                SecurityEventKind.CONSENT_WITHDRAWN,
                principal.organization_id,
                by=principal.account_id,
                account_id=principal.account_id,
                oauth_client_id=client_id,
            )
        )
