"""The scheduler's client of records for what no person asks for: it is signed, and carries no token."""

import hmac
from collections.abc import Collection, Sequence
from typing import Final, TypeVar
from uuid import UUID, uuid4

import orjson

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.chassis.webhooks import signed_headers
from services.clients.base import ServiceClient
from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import OrganizationId, RecordSealId
from services.contracts.identity import Microservice
from services.contracts.records.encounters import AttendanceEvent, AttendanceReceipt
from services.contracts.records.record_seals import RecordSeal, RecordSeals, RecordSealsRequest
from services.contracts.records.site_zones import SiteEvent, SiteReceipt

Receipt = TypeVar("Receipt", bound=ResourceModel)

_PURPOSE: Final = b"eventide attendance events"


def event_secret(root_key: bytes) -> bytes:
    """Return the secret with which the scheduler signs events; it reveals nothing of the root key it is made from."""
    return hmac.digest(root_key, _PURPOSE, "sha256")


class AttendanceClient(ServiceClient):
    """Hands over who came, and by which zone the days of sites are counted; asks whose records were sealed."""

    def __init__(self, http: HttpClient, base_url: str, root_key: bytes, clock: Clock) -> None:
        super().__init__(http, base_url, Microservice.RECORDS.value)
        self._secret = event_secret(root_key)
        self._clock = clock

    async def receive_attendance(self, organization_id: OrganizationId, event: AttendanceEvent) -> None:
        """Hand over an event.

        Raises:
            RefusedError: Records does not take it.
            UpstreamUnavailableError: Records does not answer.
        """
        path = f"/v1/organizations/{organization_id}/attendance_events"
        await self._hand_over(AttendanceReceipt, path, event.id, event)

    async def receive_site(self, organization_id: OrganizationId, event: SiteEvent) -> None:
        """Hand over a site's zone.

        Raises:
            RefusedError: Records does not take it.
            UpstreamUnavailableError: Records does not answer.
        """
        await self._hand_over(SiteReceipt, f"/v1/organizations/{organization_id}/site_events", event.id, event)

    async def exchange_seals(self, ended: Collection[RecordSealId], after: RecordSealId | None) -> Sequence[RecordSeal]:
        """Say of which seals nothing is planned any more, and return the next ones after that one.

        Raises:
            RefusedError: Records does not tell.
            UpstreamUnavailableError: Records does not answer.
        """
        said = RecordSealsRequest(ended=frozenset(ended), after=after)
        return (await self._hand_over(RecordSeals, "/v1/record_seals:exchange", uuid4(), said)).items

    async def _hand_over(self, receipt: type[Receipt], path: str, event_id: UUID, event: RequestModel) -> Receipt:
        body = orjson.dumps(event.model_dump(mode="json"))
        headers = signed_headers(self._secret, str(event_id), self._clock.now(), body)
        sent = {**headers, "content-type": "application/json"}
        return await self._call(receipt, "POST", path, body=body, headers=sent)
