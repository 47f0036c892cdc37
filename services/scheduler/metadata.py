"""Every table of the scheduler database."""

from collections.abc import Mapping
from typing import Final

from services.scheduler.appointments import tables as appointments
from services.scheduler.attendance import tables as attendance
from services.scheduler.bookings import tables as bookings
from services.scheduler.closures import tables as closures
from services.scheduler.cohorts import tables as cohorts
from services.scheduler.commitments import tables as commitments
from services.scheduler.disruptions import tables as disruptions
from services.scheduler.feeds import tables as feeds
from services.scheduler.group_offerings import tables as group_offerings
from services.scheduler.group_series import tables as group_series
from services.scheduler.held_seats import tables as held_seats
from services.scheduler.keys import tables as keys
from services.scheduler.licences import tables as licences
from services.scheduler.make_ups import tables as make_ups
from services.scheduler.modality_changes import tables as modality_changes
from services.scheduler.notice_preferences import tables as notice_preferences
from services.scheduler.notice_providers import tables as notice_providers
from services.scheduler.notices import tables as notices
from services.scheduler.offers import tables as offers
from services.scheduler.own_schedules import tables as own_schedules
from services.scheduler.practitioners import tables as practitioners
from services.scheduler.proposals import tables as proposals
from services.scheduler.rows import Base
from services.scheduler.rule_packs import tables as rule_packs
from services.scheduler.sealed_patients import tables as sealed_patients
from services.scheduler.setup_versions import tables as setup_versions
from services.scheduler.sites import tables as sites
from services.scheduler.solves import tables as solves
from services.scheduler.swaps import tables as swaps
from services.scheduler.timetables import tables as timetables
from services.scheduler.transport import tables as transport
from services.scheduler.waitlist import tables as waitlist
from services.scheduler.weekly_held_seats import tables as weekly_held_seats

TABLES: Final = (
    appointments,
    attendance,
    bookings,
    closures,
    cohorts,
    commitments,
    disruptions,
    feeds,
    group_offerings,
    held_seats,
    keys,
    notice_preferences,
    notice_providers,
    notices,
    group_series,
    licences,
    make_ups,
    modality_changes,
    offers,
    own_schedules,
    practitioners,
    proposals,
    sealed_patients,
    rule_packs,
    setup_versions,
    sites,
    solves,
    swaps,
    timetables,
    transport,
    waitlist,
    weekly_held_seats,
)
METADATA: Final = Base.metadata

_QUEUE: Final = "the job queue's own: it names organization and solve by id, so that a worker serves every organization"
SPANNING_TABLES: Final[Mapping[str, str]] = {
    "feed_tokens": "hashes of secrets, which lead to an organization before any is known; no patient, no time",
    "offer_tokens": "hashes of secrets, which lead to an organization before any is known; no patient, no time",
    "pgqueuer": _QUEUE,
    "pgqueuer_log": _QUEUE,
    "pgqueuer_statistics": _QUEUE,
    "pgqueuer_schedules": _QUEUE,
}
"""Tables that span organizations, each with the reason; they hold no clinical data."""
