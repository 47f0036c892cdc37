"""What a patient reads of what was agreed for the time after treatment: nothing that names another patient."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from services.contracts.disclosure import Information, Purpose
from services.contracts.identifiers import PatientId
from services.contracts.records.own_support import (
    OwnAftercarePlan,
    OwnAftercarePlans,
    OwnPlacementReviews,
    OwnRelapsePreventionPlan,
)
from services.contracts.records.recovery import AftercareContact, AftercarePlan
from services.policy.decisions.answer import Denial
from services.policy.decisions.question import Label, Resource
from services.records.aftercare.logic import AftercareReads
from services.records.gate import Gate
from services.records.notes.disclosing import Company, CompanyReads
from services.records.placement_reviews.logic import PlacementReviewReads
from services.records.relapse_prevention.logic import RelapsePlanReads

_KEPT: Final = Information.TREATMENT_PLAN


class _Screen:
    """Lets through what names nobody, and counts what it keeps back."""

    def __init__(self, company: Company, denial: Denial | None) -> None:
        self._company = company
        self.denial = denial
        self.withheld = 0

    def text(self, text: str | None) -> str | None:
        """Return a text, or None where it is kept back."""
        if text is None or self.denial is None or not self._company.names_anybody([text]):
            return text
        self.withheld += 1
        return None

    def lines(self, lines: Sequence[str]) -> list[str]:
        """Return the lines that are not kept back."""
        return [line for line in lines if self.text(line) is not None]

    def contact(self, one: AftercareContact) -> AftercareContact:
        """Return a contact without the notes that are kept back."""
        attempts = [attempt.model_copy(update={"note": self.text(attempt.note)}) for attempt in one.attempts]
        return one.model_copy(update={"attempts": attempts, "note": self.text(one.note)})


class OwnBeside(NamedTuple):
    """What staff reads of the same."""

    plans: RelapsePlanReads
    aftercare: AftercareReads
    reviews: PlacementReviewReads


class OwnSupport:
    """Reads the own plans as staff does, and looks at each text by itself: one name keeps back one line."""

    def __init__(self, beside: OwnBeside, company: CompanyReads, gate: Gate, own: PatientId) -> None:
        self._plans, self._aftercare, self._reviews = beside
        self._company = company
        self._gate = gate
        self._own = own

    async def relapse_prevention_plan(self) -> OwnRelapsePreventionPlan:
        """Return the newest version; raises NotFoundError where there is none."""
        plan, screen = await self._plans.newest(self._own), await self._screen()
        told = OwnRelapsePreventionPlan(
            version=plan.version,
            triggers=screen.lines(plan.triggers),
            warning_signs=screen.lines(plan.warning_signs),
            coping_skills=screen.lines(plan.coping_skills),
            supports=screen.lines(plan.supports),
            in_the_patients_words=plan.in_the_patients_words,
            written_at=plan.written_at,
            withheld=screen.withheld,
        )
        self._keep_back(screen)
        return told

    async def aftercare_plans(self, zone: str) -> OwnAftercarePlans:
        """Return every plan with its contacts.

        Raises:
            NotFoundError: The record is here no longer.
            InvalidRequestError: The patient's site is in another zone.
        """
        plans, screen = await self._aftercare.of_patient(self._own, zone), await self._screen()
        items = [_own_plan(plan, screen) for plan in plans.items]
        self._keep_back(screen)
        return OwnAftercarePlans(items=items, withheld=screen.withheld)

    async def placement_reviews(self) -> OwnPlacementReviews:
        """Return every review; raises NotFoundError where the record is here no longer."""
        reviews, screen = await self._reviews.of_patient(self._own), await self._screen(Information.ASSESSMENTS)
        items = [
            one.model_copy(
                update={
                    "ratings": [
                        rated.model_copy(update={"comment": screen.text(rated.comment)}) for rated in one.ratings
                    ],
                    "differs_because": screen.text(one.differs_because),
                }
            )
            for one in reviews.items
        ]
        self._keep_back(screen, Information.ASSESSMENTS)
        return OwnPlacementReviews(items=items, withheld=screen.withheld)

    async def _screen(self, information: Information = _KEPT) -> _Screen:
        labels = frozenset({Label.NAMES_OTHER_PATIENTS})
        denial = self._gate.denial_of_own(Resource(information, labels=labels))
        return _Screen(await self._company.of(self._own), denial)

    def _keep_back(self, screen: _Screen, information: Information = _KEPT) -> None:
        if screen.denial is not None and screen.withheld:
            self._gate.trail.deny(
                self._own,
                rule=screen.denial.rule,
                purpose=Purpose.PATIENT_ACCESS,
                information=information,
                things=screen.withheld,
            )


def _own_plan(plan: AftercarePlan, screen: _Screen) -> OwnAftercarePlan:
    same = ("id", "episode_id", "discharged_on", "channels", "may_leave_message", "joins_alumni_group",
            "joins_peer_group", "created_at")  # fmt: skip
    return OwnAftercarePlan.model_validate(
        {
            **{name: getattr(plan, name) for name in same},
            "reach_at": screen.text(plan.reach_at),
            "goals": screen.lines(plan.goals),
            "community_supports": screen.lines(plan.community_supports),
            "contacts": [screen.contact(one) for one in plan.contacts],
        }
    )
