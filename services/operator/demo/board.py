"""The published week as a board: days across, rooms down, and in each cell who leads what and how full it is."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.contracts.identifiers import PractitionerId, RoomId
from services.contracts.scheduler.sites import Practitioner, Room
from services.contracts.scheduler.timetables import Appointment
from services.contracts.vocabulary import Modality, ServiceKind

_SHORT: Final[Mapping[ServiceKind, str]] = {
    ServiceKind.PROCESS_GROUP: "process",
    ServiceKind.SKILLS_GROUP: "skills",
    ServiceKind.EDUCATION_GROUP: "education",
    ServiceKind.INDIVIDUAL: "individual",
    ServiceKind.FAMILY: "family",
    ServiceKind.MEDICATION: "medication",
    ServiceKind.NURSE_VISIT: "nurse",
}
_STYLES: Final[Mapping[ServiceKind, str]] = {
    ServiceKind.PROCESS_GROUP: "cyan",
    ServiceKind.SKILLS_GROUP: "green",
    ServiceKind.EDUCATION_GROUP: "yellow",
}
_TELEHEALTH: Final = "telehealth"
_ONE_TO_ONE: Final = "one to one"


def print_board(
    console: Console,
    week: date,
    appointments: Sequence[Appointment],
    rooms: Sequence[Room],
    practitioners: Sequence[Practitioner],
) -> None:
    """Print the board; times are the site's wall time."""
    names = {one.id: one.display_name for one in practitioners}
    places = {room.id: room.name for room in rooms}
    cells: dict[tuple[str, date], list[Appointment]] = defaultdict(list)
    for appointment in sorted(appointments, key=lambda one: one.start):
        row = _row(appointment, places)
        cells[row, appointment.start.date()].append(appointment)
    days = [week + timedelta(days=number) for number in range(7)]
    days = [day for day in days if any(at == day for _, at in cells)]
    table = Table(title=f"Week of {week:%d %B %Y}", show_lines=True)
    table.add_column("")
    for day in days:
        table.add_column(f"{day:%a %d}", ratio=1)
    for row in [*places.values(), _TELEHEALTH, _ONE_TO_ONE]:
        contents = [cells.get((row, day), []) for day in days]
        if any(contents):
            write = _count_visits if row == _ONE_TO_ONE else _list_groups
            table.add_row(row, *(write(content, names) for content in contents))
    console.print(table)


def _row(appointment: Appointment, places: Mapping[RoomId, str]) -> str:
    if not appointment.service.is_group:
        return _ONE_TO_ONE
    if appointment.modality is Modality.TELEHEALTH or appointment.room_id is None:
        return _TELEHEALTH
    return places[appointment.room_id]


def _list_groups(groups: Sequence[Appointment], names: Mapping[PractitionerId, str]) -> Text:
    text = Text()
    for group in groups:
        leads = [names[one] for one in (group.practitioner_id, group.co_facilitator_id) if one is not None]
        text.append(f"{group.start:%H:%M}-{group.end:%H:%M} {group.taken}/{group.capacity}\n", "bold")
        text.append(f"{_SHORT[group.service]} {group.track or ''}".strip(), _STYLES.get(group.service, ""))
        text.append(f"\n{' + '.join(leads)}\n", "dim")
    text.rstrip()
    return text


def _count_visits(visits: Sequence[Appointment], _names: Mapping[PractitionerId, str]) -> Text:
    counts: dict[ServiceKind, int] = defaultdict(int)
    for visit in visits:
        counts[visit.service] += 1
    return Text("\n".join(f"{counts[kind]} {_SHORT[kind]}" for kind in ServiceKind if counts[kind]))
