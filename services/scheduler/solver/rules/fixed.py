"""The rule about what is fixed."""

from collections import Counter

from ortools.sat.python import cp_model

from services.scheduler.solver.instance import ON_SITE, TherapyGroup
from services.scheduler.solver.model import RoomClass, Variables
from services.scheduler.solver.offers import Offer


class FixedSessions:
    """What is fixed stays: who leads the group, its members, and the visits.

    Source: design.md 6, the published week; `fixed` of the instance.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Demand every fixed decision the model has."""
        fixed = variables.instance.fixed
        for visit in fixed.visits:
            if visit in variables.visit:
                model.add(variables.visit[visit] == 1)
        self._hold_begun(model, variables)
        for group in fixed.groups:
            members = set(group.members)
            # At the same time the same people may be able to meet in another language, where nothing is fixed.
            for (offer, practitioner), literal in variables.lead.items():
                if practitioner == group.lead and _is_copy(group, offer):
                    model.add(literal == 1)
            for (patient, offer), literal in variables.join.items():
                if patient in members and _is_copy(group, offer):
                    model.add(literal == 1)

    def _hold_begun(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Keep assistants and rooms of what has begun; who is not in it joins no more."""
        begun = variables.instance.begun().groups
        alike = {room.id: RoomClass.of(room) for room in variables.instance.rooms}
        for literal in variables.assist.values():
            if literal.index in variables.begun:
                model.add(literal == 1)
        for offer in filter(variables.has_begun, variables.offers):
            held = [group for group in begun if _is_copy(group, offer)]
            rooms = Counter(alike[group.room] for group in held if group.room is not None)
            if offer.modality == ON_SITE:
                for venue in variables.venues[offer]:
                    model.add(venue.copies == rooms[venue.rooms])
        for join, literal in variables.join.items():
            if variables.has_begun(join.offer) and literal.index not in variables.begun:
                model.add(literal == 0)


def _is_copy(group: TherapyGroup, offer: Offer) -> bool:
    return (group.kind, group.track, group.language, group.modality, group.day, group.slot) == offer
