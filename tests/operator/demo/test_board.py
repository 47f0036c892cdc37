from datetime import UTC, date, datetime
from io import StringIO
from uuid import uuid4

from rich.console import Console

from services.contracts.identifiers import (
    AppointmentId,
    PatientId,
    PractitionerId,
    ProposalId,
    RoomId,
    SiteId,
    TimetableId,
)
from services.contracts.scheduler.sites import Practitioner, Room
from services.contracts.scheduler.timetables import (
    Appointment,
    AppointmentStatus,
    CheckerVerdict,
    Timetable,
    UnmetReason,
    UnmetRequirement,
)
from services.contracts.vocabulary import Modality, ServiceKind
from services.operator.demo.board import print_board
from services.operator.demo.figures import figures

SITE = SiteId(uuid4())
ROOM = Room(id=RoomId(uuid4()), site_id=SITE, name="Room 1", capacity=12, starts_on=None, ends_on=None, version=1)
LEAD = Practitioner(
    id=PractitionerId(uuid4()), site_id=SITE, display_name="Rivera", role="counsellor", leads=[], co_facilitates=True,
    individual=[], languages=["en"], shifts=[], breaks=[], max_minutes_day=480, max_minutes_week=2400,
    contract_minutes_week=2400, starts_on=date(2026, 1, 5), ends_on=None, version=1,
)  # fmt: skip


def appointment(service: ServiceKind, people: int, *, room: bool = True) -> Appointment:
    return Appointment(
        id=AppointmentId(uuid4()), site_id=SITE, timetable_version=1, sequence=0, status=AppointmentStatus.BOOKED,
        changed_at=datetime(2026, 10, 2, tzinfo=UTC), service=service, modality=Modality.ON_SITE,
        start=datetime(2026, 10, 5, 17, 30, tzinfo=UTC), end=datetime(2026, 10, 5, 20, 30, tzinfo=UTC),
        room_id=ROOM.id if room else None, practitioner_id=LEAD.id,
        co_facilitator_id=None, track="general", language="en", capacity=12, taken=people,
        patient_ids=[PatientId(uuid4()) for _ in range(people)],
    )  # fmt: skip


def test_the_board_shows_each_room_s_groups_with_who_leads_and_how_many_come() -> None:
    page = StringIO()
    console = Console(file=page, width=150)
    week = [appointment(ServiceKind.PROCESS_GROUP, 8), appointment(ServiceKind.INDIVIDUAL, 1, room=False)]

    print_board(console, date(2026, 10, 5), week, [ROOM], [LEAD])

    text = page.getvalue()
    for words in ("Mon 05", "Room 1", "17:30-20:30 8/12", "process general", "Rivera", "1 individual"):
        assert words in text


def test_the_figures_are_those_of_the_api_and_not_the_solver_s() -> None:
    unmet = UnmetRequirement(
        patient_id=PatientId(uuid4()), service=ServiceKind.FAMILY, minutes=60,
        reasons=[UnmetReason(code="no_time", sentence="no time")],
    )  # fmt: skip
    timetable = Timetable(
        id=TimetableId(uuid4()), site_id=SITE, week=date(2026, 10, 5), version=3, proposal_id=ProposalId(uuid4()),
        reverted_to=None, reason=None, published_by=None,
        objective=10, bound=9, gap=0.1, fully_served=8, patients=9, required_minutes=600, unmet=[unmet],
        checker=CheckerVerdict(ok=True, objective=10, errors=[]), published_at=datetime(2026, 10, 2, tzinfo=UTC),
    )  # fmt: skip

    report = figures(timetable, [appointment(ServiceKind.PROCESS_GROUP, 8), appointment(ServiceKind.INDIVIDUAL, 1)])

    assert (report["groups"], report["sessions"]) == (1, 9)
    assert (report["unmet_minutes"], report["delivered_minutes"]) == (60, 540)
    assert (report["version"], report["unmet_reasons"]) == (3, {"no_time": 1})
