"""What is allowed with what falls out of several weeks: written down as a whole, repaired a week at a time."""

from datetime import date
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.errors import InvalidRequestError
from services.contracts.identifiers import DisruptionBatchId, SolveBatchId
from services.contracts.scheduler.disruptions import (
    DisruptedWeek,
    Disruption,
    DisruptionBatch,
    DisruptionBatchRequest,
    DisruptionRequest,
)
from services.contracts.scheduler.sites import Practitioner
from services.scheduler.disruptions.errors import HoursChangedError, WeekNotRepairedError
from services.scheduler.disruptions.logic import DisruptionsLogic, DisruptionsReader
from services.scheduler.disruptions.spans import weeks_of
from services.scheduler.errors import SiteNotReadyError, SolveInProgressError, WeekRefusedError
from services.scheduler.solves.logic import SolvesReader
from services.scheduler.solves.rules import refusal_of_week
from services.scheduler.solves.setups import SetupsReader
from services.scheduler.storing import fresh_id


class DisruptionBatchesReader:
    """Reads what fell out of several weeks, with the repair of each."""

    def __init__(self, disruptions: DisruptionsReader, solves: SolvesReader) -> None:
        self._disruptions = disruptions
        self._solves = solves

    async def get(self, batch_id: DisruptionBatchId) -> DisruptionBatch:
        """Return each week of a batch with where its repair stands.

        Raises:
            NotFoundError: There is no such batch in the caller's organization.
        """
        weeks = [await self._week(disruption) for disruption in await self._disruptions.of_batch(batch_id)]
        repairs = await self._solves.of_batch(SolveBatchId(batch_id))
        return DisruptionBatch(
            id=batch_id,
            site_id=weeks[0].disruption.site_id,
            solve_batch_id=SolveBatchId(batch_id) if repairs else None,
            weeks=weeks,
        )

    async def _week(self, disruption: Disruption) -> DisruptedWeek:
        # A week may have been repaired anew since, by itself: what counts is its newest repair.
        solve = None if disruption.solve_id is None else await self._solves.get(disruption.solve_id)
        return DisruptedWeek(
            week=disruption.week,
            base_version=None if solve is None else solve.base_version,
            problem=None if solve is None else solve.problem,
            disruption=disruption,
        )


class DisruptionBatchesLogic:
    """Writes down what fell out of several weeks, asks for the repair of each, and takes all of it back."""

    def __init__(
        self,
        *,
        reader: DisruptionBatchesReader,
        disruptions: DisruptionsLogic,
        setups: SetupsReader,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._disruptions = disruptions
        self._setups = setups
        self._clock = clock

    async def record(self, request: DisruptionBatchRequest, caller_token: str) -> DisruptionBatch:
        """Write down every week that is touched, and queue the repair of those that are published.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            WeekRefusedError: The first week is past, or the last lies more than a year ahead.
            InvalidRequestError: The practitioner or room is not of this site, or the interval touches no week.
            WeekNotRepairedError: One of the weeks cannot be repaired; nothing is written down of any.
            UpstreamUnavailableError: Records does not answer.
        """
        weeks = await self._weeks(request)
        batch_id = DisruptionBatchId(fresh_id(self._clock.now()))
        repairs = 0
        for week in weeks:
            try:
                repairs += await self._disruptions.record_week(week, batch_id, repairs, caller_token)
            except (HoursChangedError, SiteNotReadyError, SolveInProgressError) as reason:
                raise WeekNotRepairedError(week.week, reason) from None
        return await self._reader.get(batch_id)

    async def _weeks(self, request: DisruptionBatchRequest) -> list[DisruptionRequest]:
        history = await self._setups.history(request.site_id)
        zone = ZoneInfo(history.newest.site.zone)
        await self._disruptions.refuse_what_is_elsewhere(request)

        def whose(monday: date) -> Practitioner | None:
            staff = history.in_week(monday).practitioners
            return next((one for one in staff if one.id == request.practitioner_id), None)

        begins, ends = ("/first_day", "/last_day") if request.start is None else ("/start", "/end")
        weeks = list(weeks_of(request, zone, whose))
        if not weeks:
            raise InvalidRequestError(begins, "must begin and end so that a part of it lies in the days of a week")
        for pointer, week in ((begins, weeks[0]), (ends, weeks[-1])):
            refusal = refusal_of_week(week.week, self._clock.today(zone))
            if refusal is not None:
                raise WeekRefusedError(*refusal, pointer=pointer)
        return weeks

    async def withdraw(self, batch_id: DisruptionBatchId, caller_token: str) -> DisruptionBatch:
        """Take back every week that is not taken back yet, as `withdraw` of one disruption does.

        Raises:
            NotFoundError: There is no such batch in the caller's organization.
            DisruptionWithdrawnError: Every week is withdrawn already.
        """
        batch = await self._reader.get(batch_id)
        await self._disruptions.withdraw_all([week.disruption for week in batch.weeks], caller_token)
        return await self._reader.get(batch_id)
