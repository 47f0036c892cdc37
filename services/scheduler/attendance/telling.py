"""How records learns who came: at least once, with the same id each time, whatever dies in between."""

from http import HTTPStatus
from typing import Final, Protocol

import structlog

from services.chassis.clock import Clock
from services.chassis.database import Database, UnitOfWork
from services.chassis.errors import UpstreamUnavailableError
from services.clients.errors import RefusedError
from services.contracts.identifiers import OrganizationId
from services.contracts.problems import ProblemDetails
from services.contracts.records.encounters import AttendanceEvent
from services.scheduler.attendance import storage
from services.scheduler.attendance.facts import Delivery, Parking
from services.scheduler.dispatch import AttendanceCall, enqueue_attendance, pause_after

MOST_REFUSALS: Final = 8
"""Within some four minutes: what was only late, such as a patient who is being registered, is there by then."""
_FOR_THE_EVENT: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


class AttendanceIntake(Protocol):
    """Takes events; the same one twice is once."""

    async def receive_attendance(self, organization_id: OrganizationId, event: AttendanceEvent) -> None:
        """Hand over an event.

        Raises:
            RefusedError: It was not taken.
            UpstreamUnavailableError: Nobody knows whether it was.
        """


class AttendanceTelling:
    """Tells records of revisions, one transaction each.

    What records refuses again and again is parked: it is not tried any more until somebody says so.
    """

    def __init__(self, database: Database, records: AttendanceIntake, clock: Clock) -> None:
        self._database = database
        self._records = records
        self._clock = clock
        self._log = structlog.get_logger()

    async def tell(self, call: AttendanceCall) -> None:
        """Hand a revision over, or have it tried again later; what was handed over before is left alone."""
        async with self._database.command(call.organization_id) as db:
            delivery = await storage.hold_delivery(db, call.attendance_id)
            if delivery is None:
                return
            try:
                await self._records.receive_attendance(call.organization_id, delivery.event)
            except UpstreamUnavailableError as error:
                self._log.warning("attendance not delivered", error_type=type(error).__name__)
                await storage.count_attempt(db, call.attendance_id, None)
                await enqueue_attendance(db, call, pause_after(delivery.attempts))
            except RefusedError as error:
                await self._count_refusal(db, call, delivery, error.problem)
            else:
                await storage.count_attempt(db, call.attendance_id, self._clock.now())

    async def _count_refusal(
        self, db: UnitOfWork, call: AttendanceCall, delivery: Delivery, problem: ProblemDetails
    ) -> None:
        self._log.warning("attendance not delivered", error_type=RefusedError.__name__)
        if is_at_fault(problem.status) and delivery.refusals + 1 >= MOST_REFUSALS:
            await storage.count_refusal(db, call.attendance_id, Parking(self._clock.now(), problem.type))
            self._log.error("attendance parked", error_type=RefusedError.__name__)
            return
        await storage.count_refusal(db, call.attendance_id, None)
        await enqueue_attendance(db, call, pause_after(delivery.attempts))


def is_at_fault(status: int) -> bool:
    """Whether it is for the event that it was refused, and not for who brought it, or how often."""
    return status in _FOR_THE_EVENT
