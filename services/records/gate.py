"""The gate before every row of a patient: asks `decide`, and leaves a trace of the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from services.chassis.audit.trail import Trail
from services.chassis.clock import Clock
from services.chassis.errors import NotFoundError
from services.contracts.disclosure import Information, Purpose
from services.contracts.identifiers import AccountId, OrganizationId, PatientId, RecipientId
from services.contracts.identity import Principal
from services.contracts.records.disclosures import Disclosure
from services.policy.decisions.answer import Basis, Denial, Permission, Rule
from services.policy.decisions.decide import decide
from services.policy.decisions.question import (
    Actor,
    Emergency,
    PatientFacts,
    Question,
    Relation,
    Resource,
    Standing,
)
from services.policy.decisions.uses import concerns_everybody
from services.records.errors import OpenedToBeReadError
from services.records.refusals import REASONS, Refusal

# A route does not say for which of the person's duties it is called: the first that permits it is the one.
_PURPOSES: Final = (Purpose.TREATMENT, Purpose.OPERATIONS, Purpose.PAYMENT)
_OF_ONES_OWN: Final = (Purpose.PATIENT_ACCESS,)


Parts = Mapping[str, frozenset[Information] | None]
"""By part of an answer, all that one has to be allowed to see; None where the caller may not even ask for it."""

Withheld = Mapping[str, Denial]
"""By part, why it is not shown."""


class Reach(NamedTuple):
    """What an account is to a patient, as storage found it beside the row."""

    organization_id: OrganizationId
    in_care_team: bool = False
    at_site: bool = False
    glass_nature: str | None = None
    glass_opened_at: datetime | None = None
    glass_until: datetime | None = None
    is_author: bool = False
    is_self: bool = False
    is_sealed: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate of one request; `own` is the patient whom the caller is, where the own record is asked for.

    `recipient_id` is as whom a related person receives, where they ask for themselves.
    """

    caller: Principal
    trail: Trail
    clock: Clock
    own: PatientId | None = None
    recipient_id: RecipientId | None = None
    _decided: dict[tuple[Reach, Information], "_Decided"] = field(default_factory=dict, init=False, repr=False)

    def sees_everybody(self, information: Information) -> bool:
        """Whether the caller's duties concern this of every patient; otherwise storage looks for those in reach."""
        return concerns_everybody(self.caller.roles, information)

    def is_open(self, reach: Reach, information: Information) -> bool:
        """Whether a row may be shown; whoever shows it says so with `shown`."""
        return isinstance(self._decide(reach, information)[1], Permission)

    def pass_through(self, patient_id: UUID, reach: Reach | None, information: Information) -> None:
        """Let a row through, and tell the trail.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller: nobody can tell which.
        """
        if reach is None:
            self.trail.deny(patient_id, rule=Refusal.NOT_FOUND, purpose=_PURPOSES[0], information=information)
            raise NotFoundError
        reach = self._as_self(patient_id, reach)
        purpose, decision = self._decide(reach, information)
        if isinstance(decision, Denial):
            self.trail.deny(patient_id, rule=decision.rule, purpose=purpose, information=information)
            raise NotFoundError
        self.trail.permit(patient_id, basis=decision.basis, purpose=purpose, information=information)
        if not reach.is_author:
            # Nobody stops being the author of what they wrote: there is nothing to decide again.
            self.trail.rest_on(patient_id, what=information)

    def pass_to_change(self, patient_id: UUID, reach: Reach | None, information: Information) -> None:
        """Let a row through to be changed, and tell the trail: a broken glass opens a record to be read.

        Raises:
            NotFoundError: As `pass_through` does.
            OpenedToBeReadError: The caller sees it by a broken glass alone.
        """
        purpose, decision = (None, None) if reach is None else self._decide(reach, information)
        if purpose is not None and isinstance(decision, Permission) and decision.basis is Basis.BREAK_GLASS:
            self.trail.deny(patient_id, rule=Refusal.OPENED_TO_BE_READ, purpose=purpose, information=information)
            raise OpenedToBeReadError
        self.pass_through(patient_id, reach, information)

    def pass_in_parts(self, patient_id: UUID, reach: Reach | None, whole: Information, parts: Parts) -> Withheld:
        """Let a row through of which parts may be withheld, and tell the trail once: what is shown, and what is not.

        Raises:
            NotFoundError: There is no such patient here, or even the whole is not for the caller: as `pass_through`.
        """
        reach = None if reach is None else self._as_self(patient_id, reach)
        if reach is None or not self.is_open(reach, whole):
            self.pass_through(patient_id, reach, whole)
            raise NotFoundError
        decided = {
            one: self._decide(reach, one)
            for one in frozenset({whole}).union(*(needed or () for needed in parts.values()))
        }
        withheld = {
            part: denial for part, needed in parts.items() if (denial := _first_denial(needed, decided)) is not None
        }
        shown = frozenset({whole}).union(*(needed or () for part, needed in parts.items() if part not in withheld))
        # One role may see a part for another reason than the next: the trail tells each reason with its parts.
        grounds = {one: _ground(decided[one]) for one in sorted(shown)}
        basis, purpose = grounds[whole]
        self.trail.permit(
            patient_id,
            basis=basis,
            purpose=purpose,
            information=list(grounds),
            otherwise={one.value: ground for one, ground in grounds.items() if ground != (basis, purpose)},
            withheld={str(part): denial.rule for part, denial in withheld.items()},
        )
        return withheld

    def shown(self, patient_ids: list[UUID], information: Information) -> None:
        """Tell the trail which rows of a search were shown."""
        self.trail.permit(*patient_ids, basis=Basis.USE, purpose=_PURPOSES[1], information=information)
        self.trail.rest_on(*patient_ids, what=information)

    def looked_up(self, patient_ids: list[UUID], information: Information) -> None:
        """Tell the trail of whom something was read that the caller, whose own record it may be, is not told."""
        self.trail.permit(*patient_ids, basis="screened", purpose=_PURPOSES[1], information=information)

    def linked(self, patient_id: PatientId, account_id: AccountId) -> None:
        """Tell the trail by which account a patient may claim the record from now on."""
        self.trail.permit(patient_id, basis=Basis.USE, purpose=_PURPOSES[1], account_linked=account_id)

    def claimed(self, patient_id: PatientId, account_id: AccountId) -> None:
        """Tell the trail by which account a patient reads the own record from now on."""
        purpose = Purpose.PATIENT_ACCESS
        self.trail.permit(patient_id, basis=Basis.PATIENT_ACCESS, purpose=purpose, record_claimed_by=account_id)

    def claim_refused(self, patient_id: PatientId, attempts: int) -> None:
        """Tell the trail that somebody who signs in as a patient did not show to be this one; it is counted."""
        reason = REASONS[Refusal.CLAIM_REFUSED]
        self.trail.deny_and_keep(
            patient_id,
            rule=Refusal.CLAIM_REFUSED,
            purpose=Purpose.PATIENT_ACCESS,
            clause=reason.clause,
            remedy=reason.remedy,
            attempts=attempts,
        )

    @property
    def actor(self) -> Actor:
        """The caller, as the decision sees them."""
        return Actor(self.caller.account_id, self.caller.organization_id, self.caller.roles, self.recipient_id)

    def facts(self, reach: Reach, standing: Standing) -> PatientFacts:
        """Return the patient, as the decision sees them."""
        relations = {
            Relation.CARE_TEAM: reach.in_care_team,
            Relation.SITE: reach.at_site,
            Relation.AUTHOR: reach.is_author,
            Relation.SELF: reach.is_self,
        }
        holding = frozenset(relation for relation, holds in relations.items() if holds)
        return PatientFacts(reach.organization_id, standing, holding, is_sealed=reach.is_sealed)

    def disclosed(self, disclosure: Disclosure) -> None:
        """Tell the trail what left the programme, to whom, and on what it rests."""
        self.trail.permit(
            disclosure.patient_id,
            basis=disclosure.basis,
            purpose=disclosure.purpose,
            disclosure=disclosure.id,
            recipient=disclosure.recipient.id,
            information=disclosure.information,
            consent=disclosure.consent_id,
            consent_version=disclosure.consent_version,
        )

    def disclosed_again(self, disclosure: Disclosure) -> None:
        """Tell the trail that who was given a disclosure's answer is given it once more, by the same request."""
        self.trail.permit(
            disclosure.patient_id,
            basis=disclosure.basis,
            purpose=disclosure.purpose,
            repeated=disclosure.id,
            recipient=disclosure.recipient.id,
        )

    def denied_disclosure(
        self, patient_id: UUID, denial: Denial, purpose: Purpose, recipient: UUID | None, information: Information
    ) -> None:
        """Tell the trail what did not leave, by which rule, and how that could be satisfied (45 CFR 171.202(b)).

        There is no recipient where it is a class that may not learn it.
        """
        self.trail.deny_and_keep(
            patient_id,
            rule=denial.rule,
            purpose=purpose,
            clause=denial.clause,
            remedy=denial.remedy,
            recipient=recipient,
            information=information,
        )

    def configured(self, **details: UUID) -> None:
        """Tell the trail that it was looked at, or changed, who may see whom."""
        self.trail.permit(basis="use", purpose=_PURPOSES[1], **details)

    def counted(self, recipient_id: UUID, year: int) -> None:
        """Tell the trail that public health was told a year's counts, which are of nobody."""
        purpose = Purpose.PUBLIC_HEALTH
        self.trail.permit(basis=Basis.PUBLIC_HEALTH, purpose=purpose, recipient=recipient_id, year=year)

    def refuse(self, sought: UUID, rule: Refusal = Refusal.NOT_FOUND) -> None:
        """Tell the trail that something was sought that is not here."""
        self.trail.deny(rule=rule, purpose=_PURPOSES[1], sought=sought)

    def broke_glass(self, patient_id: UUID, nature: str) -> None:
        """Tell the trail that a record was opened in an emergency."""
        self.trail.permit(patient_id, basis=Basis.BREAK_GLASS, purpose=_PURPOSES[0], nature=nature)

    def denial_of_own(self, resource: Resource) -> Denial | None:
        """Say why something of the own record is not told to the patient, or None where it is."""
        assert self.caller.organization_id is not None  # noqa: S101 - who has a record has it in an organization
        reach = Reach(self.caller.organization_id, is_self=self.own is not None)
        decision = decide(self._question(reach, resource, Purpose.PATIENT_ACCESS))
        return decision if isinstance(decision, Denial) else None

    def _as_self(self, patient_id: UUID, reach: Reach) -> Reach:
        return reach._replace(is_self=True) if self.own == patient_id else reach

    def _decide(self, reach: Reach, information: Information) -> "_Decided":
        # One request asks the same of many patients, or twice of one; nothing of it outlives the request.
        asked = reach, information
        if asked not in self._decided:
            self._decided[asked] = self._decide_for_some_purpose(reach, information)
        return self._decided[asked]

    def _decide_for_some_purpose(self, reach: Reach, information: Information) -> "_Decided":
        nearest: tuple[Purpose, Permission | Denial] = (_PURPOSES[0], Denial(Rule.ROLE_WITHOUT_NEED))
        by_glass: _Decided | None = None
        for purpose in _OF_ONES_OWN if reach.is_self else _PURPOSES:
            decision = decide(self._question(reach, Resource(information), purpose))
            if isinstance(decision, Permission):
                if decision.basis is not Basis.BREAK_GLASS:
                    return purpose, decision
                # A glass takes nothing away: what one may do without it by another duty, one may do still.
                by_glass = by_glass or (purpose, decision)
            elif decision.rule is not Rule.ROLE_WITHOUT_NEED:
                nearest = purpose, decision
        return by_glass or nearest

    def _question(self, reach: Reach, resource: Resource, purpose: Purpose) -> Question:
        emergency = Emergency(
            None, None, None, reach.glass_nature, reach.glass_opened_at, reach.glass_until
        )  # within the programme nobody receives anything
        return Question(
            actor=self.actor,
            purpose=purpose,
            resource=resource,
            patient=self.facts(reach, Standing.ADULT),
            now=self.clock.now(),
            emergency=None if reach.glass_nature is None else emergency,
        )


_Decided = tuple[Purpose, Permission | Denial]


def _first_denial(needed: frozenset[Information] | None, decided: Mapping[Information, _Decided]) -> Denial | None:
    if needed is None:
        return Denial(Rule.ROLE_WITHOUT_NEED)
    decisions = (decided[one][1] for one in sorted(needed))
    return next((decision for decision in decisions if isinstance(decision, Denial)), None)


def _ground(decided: _Decided) -> tuple[str, Purpose]:
    purpose, decision = decided
    assert isinstance(decision, Permission)  # noqa: S101 - what is shown was permitted
    return decision.basis, purpose
