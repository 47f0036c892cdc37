"""What may be done with intake doors, and what comes in by them."""

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from services.chassis.database import Lookups, UnitOfWork, new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.clients.gateway import OpenOrganizations
from services.contracts.base import Page
from services.contracts.identifiers import IntakeDoorId, OrganizationId, ReferralId
from services.contracts.records.placement_helper import (
    InquiryReceipt,
    IntakeDoor,
    IntakeDoorRequest,
    PlacementInquiry,
)
from services.contracts.records.referrals import HelperAnswers, ReferralRequest, ReferralSource
from services.records.directory.logic import DirectoryDoors
from services.records.errors import OverAlreadyError, ProgrammeClosedError
from services.records.gate import Gate
from services.records.intake_doors.storage import DoorQueries, DoorRows, enter, whose
from services.records.placement_helper.logic import assess, published
from services.records.referrals.logic import ReferralIntake
from services.records.site_zones.logic import KnownSites

IntakeOf = Callable[[OrganizationId], ReferralIntake]
"""Takes in referrals for an organization, within the unit of work that sees it."""

Told = Callable[[OrganizationId, ReferralId], None]
"""Is told whose trail has to say that somebody asked for treatment by themselves."""

_NEXT = "The programme contacts you in the ways you allowed. In an emergency call 911; in a crisis call or text 988."


class DoorCommands:
    """Changes to doors, within one unit of work."""

    def __init__(self, rows: DoorRows, directory: DirectoryDoors, sites: KnownSites, gate: Gate) -> None:
        self._rows = rows
        self._directory = directory
        self._sites = sites
        self._gate = gate

    async def open(self, request: IntakeDoorRequest) -> IntakeDoor:
        """Open a way in for inquiries to a site.

        Raises:
            InvalidRequestError: There is no such site, or it is to be shown with a programme that is not the
                organization's.
        """
        await self._sites.refuse_unknown(request.site_id, "/site_id")
        now = self._gate.clock.now()
        door = IntakeDoor(
            id=IntakeDoorId(new_id(now, secrets.token_bytes(10))),
            site_id=request.site_id,
            name=request.name,
            created_at=now,
            closed_at=None,
        )
        await self._rows.add(door)
        if request.programme_id is not None:
            await self._directory.show(request.programme_id, door.id)
        self._gate.configured(door=door.id, site=door.site_id)
        return door

    async def close(self, door_id: IntakeDoorId) -> IntakeDoor:
        """Let nobody in by a door any more.

        Raises:
            NotFoundError: There is no such door here.
            OverAlreadyError: It is closed.
        """
        door = await self._rows.lock(door_id)
        if door is None:
            self._gate.refuse(door_id)
            raise NotFoundError
        if door.closed_at is not None:
            raise OverAlreadyError
        now = self._gate.clock.now()
        await self._rows.close(door_id, now)
        await self._directory.hide(door_id)
        self._gate.configured(door=door_id)
        return door.model_copy(update={"closed_at": now})


class DoorReads:
    """What can be read of doors."""

    def __init__(self, queries: DoorQueries, gate: Gate) -> None:
        self._queries = queries
        self._gate = gate

    async def page(self, requested: PageRequest) -> Page[IntakeDoor]:
        """Return a page of the organization's doors, oldest first."""
        page = requested.page(await self._queries.some(requested))
        self._gate.configured()
        return page


@dataclass(frozen=True, slots=True)
class InquiryUnit:
    """One transaction in which an inquiry is taken in."""

    db: UnitOfWork
    intake_of: IntakeOf
    told: Told


InquiryUnits = Callable[[], AbstractAsyncContextManager[InquiryUnit]]


class Inquiries:
    """Takes in what people send from outside."""

    def __init__(self, lookups: Lookups, houses: OpenOrganizations, units: InquiryUnits) -> None:
        self._lookups = lookups
        self._houses = houses
        self._units = units

    async def send(self, inquiry: PlacementInquiry) -> InquiryReceipt:
        """Make a referral of an inquiry.

        Raises:
            NotFoundError: The door opens nothing, or nothing any more.
            ProgrammeClosedError: The programme takes nobody in any more.
            UpstreamUnavailableError: The gateway, which knows that, does not answer.
            InvalidRequestError: Another version of the consent or of the questions, or nobody could be reached.
        """
        helper = self._agreed(inquiry)
        async with self._lookups() as read:
            organization_id = await whose(read, inquiry.door_id)
        if organization_id is None:
            raise NotFoundError
        # The gateway may take its time: nothing of the database is held meanwhile.
        if not await self._houses.is_open(organization_id):
            raise ProgrammeClosedError
        async with self._units() as unit:
            return await self._receive(unit, inquiry, helper)

    @staticmethod
    async def _receive(unit: InquiryUnit, inquiry: PlacementInquiry, helper: HelperAnswers) -> InquiryReceipt:
        entered = await enter(unit.db, inquiry.door_id)
        if entered is None:
            raise NotFoundError
        request = ReferralRequest(
            site_id=entered.door.site_id, person=inquiry.person, source=ReferralSource.PUBLIC_HELPER
        )
        referral = await unit.intake_of(entered.organization_id).receive(request, helper)
        unit.told(entered.organization_id, referral.id)
        return InquiryReceipt(programme=entered.door.name, received_at=referral.received_at, next=_NEXT)

    @staticmethod
    def _agreed(inquiry: PlacementInquiry) -> HelperAnswers:
        current = published()
        if inquiry.consent.version != current.inquiry_consent.version:
            raise InvalidRequestError(
                "/consent/version", "must be the version that read_placement_helper tells now", code="other-version"
            )
        if not inquiry.person.permissions.channels:
            raise InvalidRequestError("/person/permissions/channels", "must name a way to reach you")
        if inquiry.helper is not None:
            assess(inquiry.helper, "/helper")
        return HelperAnswers(
            consent_version=inquiry.consent.version,
            version=current.version,
            answers={} if inquiry.helper is None else inquiry.helper.answers,
        )
