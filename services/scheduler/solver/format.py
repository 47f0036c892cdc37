"""`eventide-instance/1` and `eventide-timetable/1`: JSON objects to data and back.

Unknown keys are ignored. Beyond version 1 an instance may carry `limits`, `weights`, `fixed`, `usual`,
`begins`, `patients[].max_slots_day`, `rooms[].closed` and `min`, `max`, `co_facilitator_above`,
`kept` in a group kind.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, cast

from services.scheduler.solver.instance import (
    GroupKind,
    Id,
    Instance,
    Interval,
    InvalidInstanceError,
    Patient,
    Practitioner,
    Preference,
    Room,
    TherapyGroup,
    Timetable,
    Visit,
)
from services.scheduler.solver.limits import GroupSize, RuleLimits, Weights

INSTANCE_FORMAT = "eventide-instance/1"
TIMETABLE_FORMAT = "eventide-timetable/1"
_MISSING = object()


class _Node:
    """One JSON value with the place it was found at."""

    def __init__(self, value: object, place: str) -> None:
        self.value = value
        self.place = place

    def refuse(self, fault: str) -> InvalidInstanceError:
        return InvalidInstanceError(self.place, fault)

    def get(self, key: str, default: object = _MISSING) -> "_Node":
        if not isinstance(self.value, Mapping):
            raise self.refuse("not an object")
        place = f"{self.place}.{key}" if self.place else key
        value = self.value.get(key, default)
        if value is _MISSING:
            raise InvalidInstanceError(place, "missing")
        return _Node(value, place)

    def items(self) -> list["_Node"]:
        if not isinstance(self.value, Sequence) or isinstance(self.value, str):
            raise self.refuse("not a list")
        return [_Node(value, f"{self.place}[{n}]") for n, value in enumerate(self.value)]

    def names(self) -> list[str]:
        if not isinstance(self.value, Mapping):
            raise self.refuse("not an object")
        return [str(key) for key in self.value]

    def integer(self) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.refuse("not an integer")
        return self.value

    def boolean(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.refuse("not a boolean")
        return self.value

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.refuse("not a text")
        return self.value

    def id(self) -> Id:
        if isinstance(self.value, bool) or not isinstance(self.value, int | str):
            raise self.refuse("not an id")
        return self.value

    def id_or_none(self) -> Id | None:
        return None if self.value is None else self.id()

    def texts(self) -> tuple[str, ...]:
        return tuple(item.text() for item in self.items())

    def integers(self) -> tuple[int, ...]:
        return tuple(item.integer() for item in self.items())

    def intervals(self) -> tuple[Interval, ...]:
        found = []
        for item in self.items():
            numbers = item.integers()
            if len(numbers) != len(Interval._fields):
                raise item.refuse("not [day, from, to]")
            found.append(Interval(*numbers))
        return tuple(found)


def instance_from_json(document: object, patients: tuple[Patient, ...] | None = None) -> Instance:
    """Read and validate an instance; `patients` are the document's own, where they have been read already.

    Raises:
        InvalidInstanceError: Something is missing, of the wrong type, or contradicts the rest.
    """
    root = _Node(document, "")
    if root.get("format").value != INSTANCE_FORMAT:
        raise InvalidInstanceError("format", f"not {INSTANCE_FORMAT}")
    size = _group_size(root.get("group_size"), GroupSize())
    kinds = root.get("group_kinds")
    published = root.get("published", None)
    usual = root.get("usual", None)
    fixed = root.get("fixed", None)
    return Instance(
        name=root.get("name", "").text(),
        tracks=root.get("tracks").texts(),
        languages=root.get("languages").texts(),
        kinds={code: _kind(code, kinds.get(code), size) for code in kinds.names()},
        site_open=root.get("site_open").intervals(),
        rooms=tuple(_room(node) for node in root.get("rooms").items()),
        offices=root.get("offices").integer(),
        family_rooms=root.get("family_rooms").integer(),
        medication_pool=root.get("medication_pool").integers(),
        nurse_pool=root.get("nurse_pool").integers(),
        practitioners=tuple(_practitioner(node) for node in root.get("practitioners").items()),
        patients=tuple(_patient(node) for node in root.get("patients").items()) if patients is None else patients,
        no_contact=tuple(_pair(node) for node in root.get("no_contact", ()).items()),
        published=None if published.value is None else _timetable(published),
        usual=None if usual.value is None else _timetable(usual),
        fixed=Timetable() if fixed.value is None else _timetable(fixed),
        begins=root.get("begins", 0).integer(),
        limits=_limits(root.get("limits", {})),
        weights=_weights(root.get("weights", {})),
    ).validated()


def patient_from_json(document: object) -> Patient:
    """Read one patient of an instance.

    Raises:
        InvalidInstanceError: Something is missing or of the wrong type.
    """
    return _patient(_Node(document, "patient"))


def _group_size(node: _Node, default: GroupSize) -> GroupSize:
    return GroupSize(
        node.get("min", default.minimum).integer(),
        node.get("max", default.maximum).integer(),
        node.get("co_facilitator_above", default.co_facilitator_above).integer(),
        node.get("kept", default.kept).integer(),
    )


def _kind(code: str, node: _Node, size: GroupSize) -> GroupKind:
    return GroupKind(code, node.get("service").text(), node.get("slots").integer(), _group_size(node, size))


def _room(node: _Node) -> Room:
    return Room(node.get("id").id(), node.get("capacity").integer(), node.get("closed", ()).intervals())


def _pair(node: _Node) -> tuple[Id, Id]:
    match node.items():
        case [first, second]:
            return first.id(), second.id()
        case _:
            raise node.refuse("not a pair")


def _practitioner(node: _Node) -> Practitioner:
    return Practitioner(
        id=node.get("id").id(),
        role=node.get("role", "").text(),
        leads=frozenset(node.get("leads").texts()),
        co_facilitates=node.get("co_facilitates").boolean(),
        individual=frozenset(node.get("individual").texts()),
        languages=frozenset(node.get("languages").texts()),
        shifts=node.get("shifts").intervals(),
        breaks=node.get("breaks").intervals(),
        max_slots_day=node.get("max_slots_day").integer(),
        max_slots_week=node.get("max_slots_week").integer(),
    )


def _patient(node: _Node) -> Patient:
    family = node.get("family_available", None)
    needs = node.get("needs")
    buckets = node.get("preference_cost", {})
    most = node.get("max_slots_day", None)
    return Patient(
        id=node.get("id").id(),
        track=node.get("track").text(),
        languages=frozenset(node.get("languages").texts()),
        modalities=frozenset(node.get("modalities").texts()),
        travel_slots=node.get("travel_slots").integer(),
        commitments=node.get("commitments").intervals(),
        family_available=None if family.value is None else family.intervals(),
        needs={service: needs.get(service).integer() for service in needs.names()},
        team=tuple(member.id() for member in node.get("team").items()),
        primary=node.get("primary", None).id_or_none(),
        preference=Preference(**{bucket.name: buckets.get(bucket.name, 0).integer() for bucket in fields(Preference)}),
        max_slots_day=None if most.value is None else most.integer(),
    )


def _limits(node: _Node) -> RuleLimits:
    default = RuleLimits()
    slots = node.get("visit_slots", default.visit_slots)
    citations = node.get("citations", default.citations)
    return RuleLimits(
        day_slots=node.get("day_slots", default.day_slots).integer(),
        idle_slots=node.get("idle_slots", default.idle_slots).integer(),
        gap_slots=node.get("gap_slots", default.gap_slots).integer(),
        group_start_step=node.get("group_start_step", default.group_start_step).integer(),
        nurse_days_apart=node.get("nurse_days_apart", default.nurse_days_apart).integer(),
        visit_slots={service: slots.get(service).integer() for service in slots.names()},
        citations={limit: citations.get(limit).text() for limit in citations.names()},
    )


def _weights(node: _Node) -> Weights:
    default = Weights()
    numbers = {
        weight.name: node.get(weight.name, getattr(default, weight.name)).integer()
        for weight in fields(Weights)
        if weight.name != "lexicographic"
    }
    return Weights(**numbers, lexicographic=node.get("lexicographic", False).boolean())


def timetable_from_json(document: object) -> Timetable:
    """Read a timetable.

    Raises:
        InvalidInstanceError: Something is missing or of the wrong type.
    """
    return _timetable(_Node(document, ""))


def _timetable(node: _Node) -> Timetable:
    return Timetable(
        tuple(_therapy_group(group) for group in node.get("groups").items()),
        tuple(_visit(visit) for visit in node.get("individuals").items()),
    )


def _therapy_group(node: _Node) -> TherapyGroup:
    track = node.get("track", None)
    return TherapyGroup(
        kind=node.get("kind").text(),
        day=node.get("day").integer(),
        slot=node.get("slot").integer(),
        modality=node.get("modality").text(),
        track=None if track.value is None else track.text(),
        language=node.get("language").text(),
        lead=node.get("lead").id(),
        co=node.get("co", None).id_or_none(),
        room=node.get("room", None).id_or_none(),
        members=tuple(member.id() for member in node.get("members").items()),
    )


def _visit(node: _Node) -> Visit:
    return Visit(
        patient=node.get("patient").id(),
        service=node.get("service").text(),
        day=node.get("day").integer(),
        slot=node.get("slot").integer(),
        modality=node.get("modality").text(),
        practitioner=node.get("practitioner", None).id_or_none(),
    )


def timetable_to_json(timetable: Timetable) -> dict[str, Any]:
    """Write groups and visits; the caller adds status, objective, bound and reasons."""
    return {
        "format": TIMETABLE_FORMAT,
        "groups": [_record(group) for group in timetable.groups],
        "individuals": [_record(visit) for visit in timetable.visits],
    }


def _record(session: TherapyGroup | Visit) -> dict[str, Any]:
    return {column.name: _plain(getattr(session, column.name)) for column in fields(session)}


def _plain(value: object) -> object:
    return list(cast("Iterable[object]", value)) if isinstance(value, tuple) else value
