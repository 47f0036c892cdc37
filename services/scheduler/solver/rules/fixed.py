"""The rule about what is fixed."""

from ortools.sat.python import cp_model

from services.scheduler.solver.model import Variables


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
        for group in fixed.groups:
            members, when = set(group.members), (group.kind, group.day, group.slot)
            for (offer, practitioner), literal in variables.lead.items():
                if (offer.kind, offer.day, offer.slot) == when and practitioner == group.lead:
                    model.add(literal == 1)
            for (patient, offer), literal in variables.join.items():
                same = (offer.kind, offer.day, offer.slot) == when
                if same and patient in members and offer.track == group.track:
                    model.add(literal == 1)
