"""Rules about group meetings (FORMAT, hard rules 1 and 3)."""

from collections import defaultdict

from ortools.sat.python import cp_model

from services.scheduler.solver.instance import PROCESS_GROUP, Id
from services.scheduler.solver.model import Join, Literal, Variables
from services.scheduler.solver.offers import Offer
from services.scheduler.solver.rules.base import forbid


class GroupStartGrid:
    """Groups start on the half hour.

    Source: FORMAT rule 1, `group_start_step` of the rule pack.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Forbid meetings that start in between."""
        step = variables.instance.limits.group_start_step
        for staffing, literal in variables.lead.items():
            if staffing.offer.slot % step:
                forbid(model, variables, literal)


class GroupMinimum:
    """A group meets with at least its minimum of members.

    Source: FORMAT rule 1, `min` of the kind.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Ask each copy for its minimum."""
        for offer in (offer for offer in variables.offers if not variables.has_begun(offer)):
            least = variables.kind(offer).size.minimum
            model.add(variables.members(offer) >= least * variables.copies(offer))


class GroupMaximum:
    """A group has at most its maximum of members, fewer without a co-facilitator.

    Source: FORMAT rule 1, `max` and `co_facilitator_above` of the kind.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Bound the members by the seats of the copies, and nobody joins what does not meet."""
        for offer in (offer for offer in variables.offers if not variables.has_begun(offer)):
            alone = variables.kind(offer).size.co_facilitator_above
            seats = sum(
                min(alone, venue.seats) * venue.copies + max(0, venue.seats - alone) * venue.assisted
                for venue in variables.venues[offer]
            )
            model.add(variables.members(offer) <= seats)
        for join, literal in variables.join.items():
            model.add_bool_or([*variables.leads_of.get(join.offer, []), ~literal])


class CoFacilitator:
    """Above a size a second practitioner sits in.

    Source: FORMAT rule 1.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Give each assisted copy one assistant."""
        for offer in variables.offers:
            venues = variables.venues[offer]
            assistants = sum(variables.assists_of.get(offer, []))
            model.add(sum(venue.assisted for venue in venues) == assistants)
            for venue in venues:
                model.add(venue.assisted <= venue.copies)


class Track:
    """A process group has one track, and only its members come.

    Source: FORMAT rule 3.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Forbid process groups of another track."""
        for join, literal in variables.join.items():
            is_process = variables.kind(join.offer).service == PROCESS_GROUP
            if is_process and variables.patient(join.patient).track != join.offer.track:
                forbid(model, variables, literal)


class Language:
    """Every member speaks the language of the group.

    Source: FORMAT rule 3.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Forbid groups in a language the patient does not speak."""
        for join, literal in variables.join.items():
            if join.offer.language not in variables.patient(join.patient).languages:
                forbid(model, variables, literal)


class NoContact:
    """Two patients who may not meet are never in the same meeting.

    Source: FORMAT rule 3. Stricter than asked: copies of one meeting, side by side, count as one.
    """

    def add(self, model: cp_model.CpModel, variables: Variables) -> None:
        """Let at most one of the two join an offer."""
        of_patient: dict[Id, list[Join]] = defaultdict(list)
        for join in variables.join:
            of_patient[join.patient].append(join)
        for pair in variables.instance.no_contact:
            joining: dict[Offer, list[Literal]] = defaultdict(list)
            for join in (join for patient in set(pair) for join in of_patient[patient]):
                joining[join.offer].append(variables.join[join])
            for offer in (offer for offer in joining if not variables.has_begun(offer)):
                held = variables.problem.held.get(offer, frozenset())
                model.add(sum(joining[offer]) + sum(patient in held for patient in pair) <= 1)
