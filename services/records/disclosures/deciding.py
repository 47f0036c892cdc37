"""Deciding on what a disclosure tells, thing by thing and day by day: all that is asked for, or none of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.contracts.base import ResourceModel
from services.contracts.disclosure import Information
from services.policy.decisions.answer import Decision, Denial, Permission
from services.policy.decisions.question import Consent, Resource
from services.records.disclosures.parts import Item

DecideOn = Callable[[tuple[Consent, ...], Resource], Decision]
"""Decides on one resource of the request, as if these were the patient's consents."""

Ground = tuple[str, UUID | None, int | None]
"""On what a permission rests: its basis, and which version of which consent."""


class Denied(NamedTuple):
    """Which part is denied, and why."""

    denial: Denial
    information: Information


class RestsOnAnother(NamedTuple):
    """Parts that may be disclosed, but not on what the first rests on."""

    information: Sequence[Information]


class Granted(NamedTuple):
    """What is disclosed of each part, on what permission, and by the days of which zone."""

    permission: Permission
    things: Mapping[Information, list[ResourceModel]]
    zone: str | None = None


def ground_of(permission: Permission) -> Ground:
    """Return on what a permission rests."""
    consent = permission.obligations.consent
    return permission.basis, *((None, None) if consent is None else (consent.id, consent.version))


class Deciding:
    """Decides on the parts of one request; each day of a part is decided on once.

    The first consent that covers something is relied upon, and of all of them the preferred one is the first.
    """

    def __init__(
        self,
        decide_on: DecideOn,
        asked: Sequence[Information],
        consents: Sequence[Consent],
        preferred: UUID | None = None,
    ) -> None:
        self._decide_on = decide_on
        self._asked = asked
        self._consents = tuple(sorted(consents, key=lambda one: one.id != preferred))
        self._decided: dict[Resource, Decision] = {}

    def refused(self) -> Denied | None:
        """Return the first part that is denied whatever its day, before anything of it is read."""
        decisions = ((one, self._on(Resource(one))) for one in self._asked)
        return next((Denied(denial, one) for one, denial in decisions if isinstance(denial, Denial)), None)

    def granted(
        self, parts: Mapping[Information, Sequence[Item]], is_asked: Callable[[date], bool]
    ) -> Granted | Denied | RestsOnAnother:
        """Decide on what there is of parts that may be disclosed as such.

        What is of days that are not covered is left out; a part all of which would be is denied. What names other
        patients is never left out in silence.
        """
        permitted: dict[Information, list[tuple[Item, list[Permission]]]] = {}
        for one in self._asked:
            found = self._permitted(one, parts.get(one, ()))
            if isinstance(found, Denial):
                return Denied(found, one)
            permitted[one] = found
        first = self._first(permitted)
        ground = ground_of(first)
        elsewhere = [
            one
            for one, found in permitted.items()
            if any(ground_of(permission) != ground for permission in self._all_of(one, found))
        ]
        if elsewhere:
            return RestsOnAnother(elsewhere)
        things = {
            one: [item.narrowed(self._covers(one, ground, is_asked)) for item, _ in found]
            for one, found in permitted.items()
        }
        return Granted(first, things)

    def granted_on_one(
        self, parts: Mapping[Information, Sequence[Item]], is_asked: Callable[[date], bool]
    ) -> Granted | None:
        """Return what `granted` would if all rested on one consent, or on what is none; None where it does not.

        What several cover in parts, one of them may cover whole; and so may an order or an approval. Each is asked by
        itself, and no further than to the first thing that it does not cover: with the others behind it each day would
        be held against all of them, as often as there are consents.
        """
        permitted = [one for one, decision in self._decided.items() if isinstance(decision, Permission)]
        for alone in (*((one,) for one in self._consents), ()):
            deciding = Deciding(self._decide_on, self._asked, alone)
            if all(isinstance(deciding._on(one), Permission) for one in permitted):
                granted = deciding.granted(parts, is_asked)
                if isinstance(granted, Granted):
                    return granted
        return None

    def _permitted(
        self, information: Information, items: Sequence[Item]
    ) -> list[tuple[Item, list[Permission]]] | Denial:
        found, denials = [], []
        for item in items:
            days: list[date | None] = [*sorted(item.days)] or [None]
            decisions = [self._on(Resource(information, day, item.labels)) for day in days]
            denied = [one for one in decisions if isinstance(one, Denial)]
            if not denied:
                found.append((item, [one for one in decisions if isinstance(one, Permission)]))
            elif isinstance(named := self._on(Resource(information, labels=item.labels)), Denial):
                return named
            else:
                denials += denied
        return denials[0] if denials and not found else found

    def _all_of(self, information: Information, found: list[tuple[Item, list[Permission]]]) -> list[Permission]:
        if found:
            return [permission for _, permissions in found for permission in permissions]
        # There is nothing of it, which is another refusal than that it would rest on something else.
        decision = self._on(Resource(information))
        return [decision] if isinstance(decision, Permission) else []

    def _first(self, permitted: Mapping[Information, list[tuple[Item, list[Permission]]]]) -> Permission:
        return next(one for information, found in permitted.items() for one in self._all_of(information, found))

    def _covers(
        self, information: Information, ground: Ground, is_asked: Callable[[date], bool]
    ) -> Callable[[date], bool]:
        def covers(day: date) -> bool:
            decision = self._on(Resource(information, day))
            return is_asked(day) and isinstance(decision, Permission) and ground_of(decision) == ground

        return covers

    def _on(self, resource: Resource) -> Decision:
        if resource not in self._decided:
            self._decided[resource] = self._decide_on(self._consents, resource)
        return self._decided[resource]
