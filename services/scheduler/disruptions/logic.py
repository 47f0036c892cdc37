"""What is allowed with disruptions."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, NotFoundError, UpstreamUnavailableError
from services.chassis.paging import PageRequest
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.base import Page
from services.contracts.identifiers import (
    AccountId,
    DisruptionBatchId,
    DisruptionId,
    OrganizationId,
    PatientId,
    SiteId,
    SolveBatchId,
)
from services.contracts.scheduler.disruptions import (
    Disruption,
    DisruptionBatchRequest,
    DisruptionRequest,
    DisruptionStatus,
    RepairSummary,
)
from services.scheduler.bookings.logic import FreedSeats
from services.scheduler.disruptions import storage
from services.scheduler.disruptions.errors import DisruptionWithdrawnError, HoursChangedError, NothingPublishedError
from services.scheduler.disruptions.rules import meets_week
from services.scheduler.errors import SolveFinishedError, WeekRefusedError
from services.scheduler.practitioners.logic import PractitionersReader
from services.scheduler.proposals.logic import ProposalsReader
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solves.attempts import BatchPlace
from services.scheduler.solves.logic import SolvesLogic, SolvesReader
from services.scheduler.solves.rules import refusal_of_week
from services.scheduler.storing import fresh_id
from services.scheduler.weeks import WeekGrid


class DisruptionsReader:
    """Reads disruptions with what became of their repair."""

    def __init__(self, read: Read, sites: SitesReader, solves: SolvesReader, proposals: ProposalsReader) -> None:
        self._read = read
        self._sites = sites
        self._solves = solves
        self._proposals = proposals

    async def get(self, disruption_id: DisruptionId) -> Disruption:
        """Return a disruption, with the site's offset.

        Raises:
            NotFoundError: There is no such disruption in the caller's organization.
        """
        disruption = await storage.find(self._read, disruption_id)
        if disruption is None:
            raise NotFoundError
        return await self._with_repair(disruption, await self._zone(disruption.site_id))

    async def of_batch(self, batch_id: DisruptionBatchId) -> list[Disruption]:
        """Return what was written down together, in the order of the weeks.

        Raises:
            NotFoundError: There is no such batch in the caller's organization.
        """
        found = await storage.of_batch(self._read, batch_id)
        if not found:
            raise NotFoundError
        zone = await self._zone(found[0].site_id)
        return [await self._with_repair(disruption, zone) for disruption in found]

    async def page(self, site_id: SiteId, week: date, status: DisruptionStatus, page: PageRequest) -> Page[Disruption]:
        """Return a page of a week's disruptions of one status, the first one first.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        zone = await self._zone(site_id)
        found = page.page(await storage.page(self._read, site_id, week, status, page))
        return found.model_copy(update={"items": [await self._with_repair(item, zone) for item in found.items]})

    async def _zone(self, site_id: SiteId) -> ZoneInfo:
        return ZoneInfo((await self._sites.get(site_id)).zone)

    async def _with_repair(self, disruption: Disruption, zone: ZoneInfo) -> Disruption:
        if disruption.start is not None and disruption.end is not None:
            local = {"start": disruption.start.astimezone(zone), "end": disruption.end.astimezone(zone)}
            disruption = disruption.model_copy(update=local)
        if disruption.solve_id is None:
            return disruption
        solve = await self._solves.get(disruption.solve_id)
        found = None if solve.proposal_id is None else await self._proposals.repair(solve.proposal_id)
        repair = None if found is None else RepairSummary(**{**found, "outcome": solve.outcome})
        told = {"solve_status": solve.status, "proposal_id": solve.proposal_id, "repair": repair}
        return disruption.model_copy(update=told)


class DisruptionsLogic:
    """Writes down what fell out, asks for the repair, and takes it back."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        account_id: AccountId,
        *,
        reader: DisruptionsReader,
        sites: SitesReader,
        practitioners: PractitionersReader,
        records: RecordsClient,
        solves: SolvesLogic,
        freed_seats: FreedSeats,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._account_id = account_id
        self._reader = reader
        self._sites = sites
        self._practitioners = practitioners
        self._records = records
        self._solves = solves
        self._freed_seats = freed_seats
        self._clock = clock

    async def record(self, request: DisruptionRequest, caller_token: str) -> Disruption:
        """Write a disruption down and ask for the repair of what is published.

        Raises:
            NotFoundError: There is no such site, or no such patient, in the caller's organization.
            WeekRefusedError: The week is no Monday, is past, or lies more than a year ahead.
            InvalidRequestError: The practitioner or room is not of this site, or the interval not of this week.
            HoursChangedError: The practitioner's hours of that week are changed already.
            SiteNotReadyError: The site lacks what every week needs.
            SolveInProgressError: The week is being solved; nothing is written down.
            UpstreamUnavailableError: Records does not answer.
        """
        zone = ZoneInfo((await self._sites.get(request.site_id)).zone)
        refusal = refusal_of_week(request.week, self._clock.today(zone))
        if refusal is not None:
            raise WeekRefusedError(*refusal)
        if request.patient_id is not None:
            await self._refuse_unknown(request.patient_id, caller_token)
        await self.refuse_what_is_elsewhere(request)
        disruption = self._open(request, None)
        if not meets_week(disruption, WeekGrid(zone, request.week)):
            raise InvalidRequestError("/start", "must begin and end so that a part of it lies in the week's days")
        await self._keep(disruption)
        await self._ask_for_repair(disruption, caller_token)
        return await self._reader.get(disruption.id)

    async def record_week(
        self, request: DisruptionRequest, batch_id: DisruptionBatchId, repairs: int, caller_token: str
    ) -> bool:
        """Write one week of a batch down, of which so many are being repaired; says whether this one is as well.

        Raises:
            Whatever `record` raises, for the same reasons, but that something is of another site.
        """
        disruption = self._open(request, batch_id)
        await self._keep(disruption)
        return await self._ask_for_repair(disruption, caller_token, BatchPlace(SolveBatchId(batch_id), repairs))

    async def _keep(self, disruption: Disruption) -> None:
        if not await storage.add(self._db, self._organization_id, disruption):
            raise HoursChangedError

    async def refuse_what_is_elsewhere(self, request: DisruptionRequest | DisruptionBatchRequest) -> None:
        """Refuse a practitioner or a room of another site.

        Raises:
            InvalidRequestError: The practitioner or the room is not of this site.
        """
        if request.practitioner_id is not None:
            staff = await self._practitioners.of_site(request.site_id)
            if request.practitioner_id not in {practitioner.id for practitioner in staff}:
                raise InvalidRequestError("/practitioner_id", "must be a practitioner of this site")
        if request.room_id is not None:
            rooms = await self._sites.all_rooms(request.site_id)
            if request.room_id not in {room.id for room in rooms}:
                raise InvalidRequestError("/room_id", "must be a room of this site")

    async def _refuse_unknown(self, patient_id: PatientId, caller_token: str) -> None:
        try:
            await self._records.patient_seating(caller_token, patient_id)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None

    def _open(self, request: DisruptionRequest, batch_id: DisruptionBatchId | None) -> Disruption:
        now = self._clock.now()
        return Disruption(
            **request.model_dump(),
            id=DisruptionId(fresh_id(now)),
            batch_id=batch_id,
            status=DisruptionStatus.OPEN,
            solve_id=None,
            solve_status=None,
            proposal_id=None,
            repair=None,
            created_at=now,
            created_by=self._account_id,
            withdrawn_at=None,
        )

    async def _ask_for_repair(self, disruption: Disruption, caller_token: str, place: BatchPlace | None = None) -> bool:
        solve = await self._solves.repair(disruption.site_id, disruption.week, caller_token, place)
        if solve is None:
            return False
        # Whoever withdraws meanwhile has cancelled the repair that they saw, and knows nothing of this one.
        if not await storage.set_solve(self._db, disruption.id, solve.id):
            raise DisruptionWithdrawnError
        return True

    async def repair(self, disruption_id: DisruptionId, caller_token: str) -> Disruption:
        """Ask for a new repair, of the week as it is published by now.

        Raises:
            NotFoundError: There is no such disruption in the caller's organization.
            DisruptionWithdrawnError: It is withdrawn.
            NothingPublishedError: The week is not published.
            WeekRefusedError, SiteNotReadyError, SolveInProgressError, UpstreamUnavailableError: As in `record`.
        """
        disruption = await self._reader.get(disruption_id)
        if disruption.status is DisruptionStatus.WITHDRAWN:
            raise DisruptionWithdrawnError
        if not await self._ask_for_repair(disruption, caller_token):
            raise NothingPublishedError
        return await self._reader.get(disruption_id)

    async def withdraw(self, disruption_id: DisruptionId, caller_token: str) -> Disruption:
        """Take a disruption back: later solves may use again what it kept from them; what is published stays.

        A repair that is not finished is cancelled: it is for a week that is not as it thinks. Seats given back
        meanwhile, which nobody could be offered, are offered now where the site wants that.

        Raises:
            NotFoundError: There is no such disruption in the caller's organization.
            DisruptionWithdrawnError: It is withdrawn already.
        """
        await self.withdraw_all([await self._reader.get(disruption_id)], caller_token)
        return await self._reader.get(disruption_id)

    async def withdraw_all(self, disruptions: Sequence[Disruption], caller_token: str) -> None:
        """Take back those of one or more disruptions of a site that are not taken back yet, as `withdraw` does.

        Raises:
            DisruptionWithdrawnError: Every one is withdrawn already.
        """
        now = self._clock.now()
        # Every row before any repair: whoever withdraws holds the rows first and the lock of their batch after them.
        ended = [one for disruption in disruptions if (one := await storage.withdraw(self._db, disruption.id, now))]
        if not ended:
            raise DisruptionWithdrawnError
        # The last first: a repair that is cancelled would otherwise begin the one after it.
        for one in reversed(ended):
            if one.solve_id is not None:
                with suppress(SolveFinishedError):
                    await self._solves.cancel(one.solve_id)
        ids = {one.disruption_id for one in ended}
        since = min(disruption.created_at for disruption in disruptions if disruption.id in ids)
        await self._freed_seats.freed_since(disruptions[0].site_id, since, caller_token)
