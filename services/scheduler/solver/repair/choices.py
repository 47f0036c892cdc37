"""What a repair may decide: everything of some patients, and of the others only who serves them, and where."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from services.scheduler.solver.batches import Option
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import (
    DAYS,
    INDIVIDUAL,
    INDIVIDUAL_SERVICES,
    MODALITIES,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    Id,
    Instance,
    TherapyGroup,
    Timetable,
    Visit,
)
from services.scheduler.solver.model import Join, Problem, Staffing
from services.scheduler.solver.offers import Offer, Offers
from services.scheduler.solver.repair.promises import Promise, promises_of, start_of
from services.scheduler.solver.rules.staff import decided_work
from services.scheduler.solver.statics import Statics

Busy = frozenset[tuple[Id, int]]
EVERY_DAY: Final = frozenset(range(DAYS))


@dataclass(frozen=True, slots=True)
class Scope:
    """How much of the week is open.

    `free` patients may be given any sessions. On `days` the sessions of everybody else may change hands. Where
    `relaxed`, the others may also be let go, at most `others` of them, and count as members of any meeting they could
    come to. No timetable can do that, and each timetable that touches so few can be seen so: what is found is a bound.
    `starts` is how many times of each visit are weighed, spread over the week; all where it is None.
    `keeping`: the free have what they have in the week that stands, or lose it, and of the others nothing changes
    hands; what is decided is only where the services go of which the free lost something.
    """

    free: frozenset[Id]
    days: frozenset[int]
    relaxed: bool = False
    others: int = 0
    starts: int | None = None
    keeping: bool = False


@dataclass(slots=True)
class _Draft:
    joins: dict[Offer, dict[Id, None]] = field(default_factory=lambda: defaultdict(dict))
    leads: dict[Staffing, None] = field(default_factory=dict)
    assists: dict[Staffing, None] = field(default_factory=dict)
    visits: dict[Visit, None] = field(default_factory=dict)
    held: dict[Offer, frozenset[Id]] = field(default_factory=dict)
    groups: list[TherapyGroup] = field(default_factory=list)
    seen: list[Visit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Choice:
    """A problem, what was promised to those whom it is about, and how much of the week is open."""

    problem: Problem
    scope: Scope
    promises: tuple[Promise, ...]


class Choices:
    """Lists decisions; `told` is what stands of the published week, and `promises` what people were told of it."""

    def __init__(
        self,
        instance: Instance,
        offers: Offers,
        statics: Statics,
        told: Timetable,
        promises: tuple[Promise, ...] | None = None,
    ) -> None:
        self._instance = instance
        self.offers = offers
        self._statics = statics
        self._told = told
        self._person = {patient.id: n for n, patient in enumerate(instance.patients)}
        self._staff = [person.id for person in instance.practitioners]
        standing = tuple(promises_of(instance, told))
        self.promises = standing if promises is None else promises
        self._short = {(p.patient, p.service) for p in set(self.promises).difference(standing)}
        self._alike: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for row, offer in enumerate(offers.items):
            kind = instance.kinds[offer.kind]
            self._alike[kind.service, offer.day, offer.slot, kind.slots, offer.modality].append(row)
        self._existing: dict[Offer, list[TherapyGroup]] = defaultdict(list)
        for group in told.groups:
            offer = Offer(group.kind, group.track, group.language, group.modality, group.day, group.slot)
            self._existing[offer].append(group)

    def around(self, standing: Timetable) -> "Choices":
        """Return the choices where less than before stands of the week that people were told of."""
        return Choices(self._instance, self.offers, self._statics, standing, self.promises)

    def merged(self, scope: Scope, found: Timetable) -> Timetable:
        """Return what stands where nothing was open to decide, and what was found where it was."""
        stays, came = self._told, found
        return Timetable(
            (
                *(group for group in stays.groups if not self._is_open(scope, group)),
                *(group for group in came.groups if self._is_open(scope, group) and group.members),
            ),
            (
                *(visit for visit in stays.visits if not self._is_open(scope, visit)),
                *(visit for visit in came.visits if self._is_open(scope, visit)),
            ),
        )

    def choice(self, scope: Scope) -> Choice:
        """Return the problem of a scope."""
        draft = _Draft()
        busy = self._busy(scope)
        self._join(draft, scope)
        for offer, groups in self._existing.items():
            self._keep_members(draft, scope, offer, groups)
        for offer in dict.fromkeys([*draft.joins, *draft.held]):
            self._staff_offer(draft, scope, offer, busy)
        self._visit(draft, scope, busy)
        problem = Problem(
            instance=self._instance,
            joins=tuple(Join(who, offer) for offer, joining in draft.joins.items() for who in joining),
            leads=tuple(draft.leads),
            assists=tuple(draft.assists),
            visits=tuple(draft.visits),
            held={offer: members for offer, members in draft.held.items() if members},
            background=Timetable() if scope.relaxed else Timetable(tuple(draft.groups), tuple(draft.seen)),
        )
        promises = (p for p in self.promises if p.patient in scope.free or self._is_open(scope, p))
        return Choice(problem, scope, tuple(promises))

    def eligible(self, offer: Offer) -> list[Id]:
        """Return who could come to an offer."""
        row = self.offers.index.get(offer)
        columns = [] if row is None else np.flatnonzero(self.offers.eligible[row]).tolist()
        return [self._instance.patients[column].id for column in columns]

    def _is_past(self, session: Offer | Promise | Visit | TherapyGroup) -> bool:
        return start_of(session) < self._instance.begins

    def _is_open(self, scope: Scope, session: Offer | Promise | Visit | TherapyGroup) -> bool:
        return session.day in scope.days and not scope.keeping and not self._is_past(session)

    def _is_wanted(self, scope: Scope, patient: Id, service: str) -> bool:
        """Say whether sessions of a service are looked for: where the rest is kept, only what was lost."""
        return not scope.keeping or (patient, service) in self._short

    def _busy(self, scope: Scope) -> Busy:
        """Return the slots of the week in which somebody's work is not up for decision."""
        settled = Timetable(
            tuple(group for group in self._told.groups if not self._is_open(scope, group)),
            tuple(
                visit
                for visit in self._told.visits
                if not self._is_open(scope, visit) and visit.patient not in scope.free
            ),
        )
        if scope.relaxed:
            settled = Timetable()
        return frozenset(
            (work.practitioner, slot) for work in decided_work(self._instance, settled) for slot in work.week_slots
        )

    def _join(self, draft: _Draft, scope: Scope) -> None:
        """Let the free patients join whatever they could attend, and the others what keeps a promise."""
        people = self._instance.patients
        columns = [self._person[patient] for patient in sorted(scope.free, key=self._person.__getitem__)]
        for row in np.flatnonzero(self.offers.eligible[:, columns].any(axis=1)).tolist():
            offer = self.offers.items[row]
            service = self._instance.kinds[offer.kind].service
            able = [people[column].id for column in columns if self.offers.eligible[row, column]]
            able = [patient for patient in able if self._is_wanted(scope, patient, service)]
            least = self._instance.kinds[offer.kind].size.minimum - scope.others
            if able and (offer in self._existing or len(able) >= least) and not self._is_past(offer):
                draft.joins[offer].update(dict.fromkeys(able))
        for promise in self.promises:
            if promise.patient not in scope.free and self._is_open(scope, promise):
                column = self._person[promise.patient]
                for row in self._alike[promise[1:]]:
                    if self.offers.eligible[row, column]:
                        draft.joins[self.offers.items[row]][promise.patient] = None

    def _keep_members(self, draft: _Draft, scope: Scope, offer: Offer, groups: list[TherapyGroup]) -> None:
        """Leave a published meeting alone, or keep those in it about whom nothing is decided."""
        members = [member for group in groups for member in group.members]
        staying = frozenset(member for member in members if member not in scope.free)
        if self._is_past(offer) or scope.keeping:
            own = [member for member in members if member in scope.free]
            if own:
                draft.joins[offer].update(dict.fromkeys(own))
        if self._is_past(offer):
            draft.held[offer] = staying
        elif self._is_open(scope, offer):
            return
        elif len(staying) < len(members) or offer in draft.joins or (scope.keeping and offer.day in scope.days):
            draft.held[offer] = staying
        else:
            draft.groups += groups

    def _staff_offer(self, draft: _Draft, scope: Scope, offer: Offer, busy: Busy) -> None:
        groups = self._existing.get(offer, [])
        leads = [Staffing(offer, group.lead) for group in groups]
        assists = [Staffing(offer, group.co) for group in groups if group.co is not None]
        is_past = self._is_past(offer)
        if not is_past and (not groups or self._is_open(scope, offer)):
            leads = self._able(offer, self.offers.leaders, busy)
            assists = []
        coming = len(draft.joins.get(offer, ())) + len(draft.held.get(offer, ()))
        if not is_past and coming > self._instance.kinds[offer.kind].size.co_facilitator_above:
            assists += self._able(offer, self.offers.assistants, busy)
        draft.leads.update(dict.fromkeys(leads))
        draft.assists.update(dict.fromkeys(assists))

    def _able(self, offer: Offer, masks: Mask, busy: Busy) -> list[Staffing]:
        row = self.offers.index.get(offer)
        if row is None:
            return []
        first = start_of(offer)
        slots = range(first, first + self._instance.kinds[offer.kind].slots)
        able = (self._staff[number] for number in np.flatnonzero(masks[row]).tolist())
        return [Staffing(offer, who) for who in able if not any((who, slot) in busy for slot in slots)]

    def _visit(self, draft: _Draft, scope: Scope, busy: Busy) -> None:
        for visit in self._told.visits:
            is_free = visit.patient in scope.free
            if is_free and (scope.keeping or self._is_past(visit)):
                draft.visits[visit] = None
            elif not is_free and self._is_open(scope, visit):
                draft.visits.update(dict.fromkeys(self._at_its_time(visit)))
            elif not is_free:
                draft.seen.append(visit)
        for patient in sorted(scope.free, key=self._person.__getitem__):
            column = self._person[patient]
            for service in INDIVIDUAL_SERVICES:
                option = self._option(column, service) if self._is_wanted(scope, patient, service) else None
                if option is not None:
                    draft.visits.update(dict.fromkeys(self._anywhere(column, option, busy, scope.starts)))
            kept = [v for v in self._told.visits if v.patient == patient and not self._is_past(v) and not scope.keeping]
            draft.visits.update((visit, None) for told in kept for visit in self._at_its_time(told))

    def _option(self, column: int, service: str) -> Option | None:
        patient = self._instance.patients[column]
        slots = self._instance.visit_slots(patient, service)
        return Option(service, None, slots) if 0 < slots <= patient.needs.get(service, 0) else None

    def _at_its_time(self, visit: Visit) -> Iterator[Visit]:
        column = self._person[visit.patient]
        option = self._option(column, visit.service)
        if option is None:
            return
        if self._statics.possible(column, option)[MODALITIES.index(visit.modality), visit.day, visit.slot]:
            for who, mask in self._team(column, option):
                if mask is None or mask[visit.day, visit.slot]:
                    yield replace(visit, practitioner=who)

    def _anywhere(self, column: int, option: Option, busy: Busy, most: int | None) -> Iterator[Visit]:
        patient = self._instance.patients[column]
        mask = self._statics.possible(column, option)
        mask &= (np.arange(DAYS * SLOTS_A_DAY) >= self._instance.begins).reshape(DAYS, SLOTS_A_DAY)
        for who, free in self._team(column, option):
            places = mask if free is None else mask & free
            found = np.argwhere(places)
            if most is not None and len(found) > most:
                found = found[np.linspace(0, len(found) - 1, most).astype(int)]
            for index, day, slot in found.tolist():
                first = day * SLOTS_A_DAY + slot
                if not any((who, taken) in busy for taken in range(first, first + option.slots)):
                    yield Visit(patient.id, option.service, day, slot, MODALITIES[index], who)

    def _team(self, column: int, option: Option) -> list[tuple[Id | None, Mask | None]]:
        if option.service not in STAFFED_SERVICES:
            return [(None, None)]
        everybody = tuple(self._staff)
        team = self._instance.patients[column].team if option.service == INDIVIDUAL else everybody
        masks = self._statics.staffed(team, option)
        return [(who, mask) for who, mask in zip(team, masks, strict=True) if mask.any()]
