"""What is true of plans of care: what of a plan is due on a day, and by when."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from services.contracts.records.documentation import PlanRule
from services.contracts.records.due_plans import PlanDuty, PlanDutyKind
from services.contracts.records.episodes import Episode
from services.contracts.records.plans_of_care import PlanActKind
from services.records.documentation.rules import Standard
from services.records.episodes.rules import began_on, came_on
from services.records.plans_of_care.facts import PlanFacts
from services.records.plans_of_care.standing import ANSWERS, awaits_cosignature


class Done(NamedTuple):
    """An act on a version of a plan, by the day on which it took place."""

    version: int
    kind: PlanActKind
    on: date
    needs_cosignature: bool = False


class Course(NamedTuple):
    """What the duties of an episode's plan follow from, as of a day; every day is one of the site's zone."""

    began_on: date | None
    session_days: Sequence[date]
    """Every day with an attended session once, in order."""
    newest: int | None
    """The newest version of the plan."""
    done: Collection[Done]
    has_level: bool = True
    services_changed: bool = False

    def days_of(self, kind: PlanActKind) -> list[date]:
        """Return when acts of a kind took place, whatever the version."""
        return [one.on for one in self.done if one.kind is kind]

    @property
    def done_to_newest(self) -> set[PlanActKind]:
        """What was done to the newest version."""
        return {one.kind for one in self.done if one.version == self.newest}

    @property
    def needs_cosignature(self) -> bool:
        """Whether a clinician was supervised who signed the newest version."""
        return any(one.needs_cosignature for one in self.done if one.version == self.newest)


_Wanted = tuple[PlanDutyKind, date | None]
_LAST: Final = date.max


def course_of(episode: Episode, facts: PlanFacts, starts: Collection[datetime], day: date, zone: tzinfo) -> Course:
    """Return how an episode had gone by the end of a day; `starts` are of the sessions that the patient attended."""
    came = came_on(episode, starts, day, zone)
    written = [version for version, at in facts.versions if at.astimezone(zone).date() <= day]
    done = [Done(one.version, one.kind, one.at.astimezone(zone).date(), one.needs_cosignature) for one in facts.acts]
    return Course(
        began_on=began_on(episode, starts, day, zone),
        session_days=came,
        newest=max(written, default=None),
        done=[one for one in done if one.on <= day],
        has_level=bool(episode.levels),
        services_changed=facts.services_changed,
    )


def duties(course: Course, standard: Standard | None, day: date, until: date) -> list[PlanDuty]:
    """Return what is due of a plan by a day `until`, and what of it is overdue on `day`; the due day still counts.

    What lacks and has no day, because no rule gives it one, is always among it. Nothing is due before the site was
    held to the rule: until then nobody had promised it.
    """
    rule = None if standard is None else standard.plan_rule
    found = []
    for kind, counted in _wanted(course, rule):
        due = counted if counted is None or standard is None else max(counted, standard.from_on)
        if due is None or due <= until:
            said_by = None if due is None else rule
            found.append(PlanDuty(kind=kind, due_on=due, is_overdue=due is not None and due < day, rule=said_by))
    return sorted(found, key=lambda one: one.due_on or _LAST)


def _wanted(course: Course, rule: PlanRule | None) -> Iterator[_Wanted]:
    if not course.has_level:
        yield PlanDutyKind.LEVEL_OF_CARE, None
    signed = [one for one in course.done if one.kind is PlanActKind.CLINICIAN_SIGNED]
    first_due = _first_plan_due(course, rule)
    if signed:
        first_signed = min(signed, key=lambda one: one.on)
        yield from _signatures(course, first_signed.version, first_due)
        yield from _recurring(course, rule, first_signed.on, first_due)
        if course.services_changed and PlanActKind.CLINICIAN_SIGNED in course.done_to_newest:
            yield PlanDutyKind.SERVICES, None
    elif course.began_on is not None:
        # Before the first session nobody is in treatment yet, and nothing is late.
        yield PlanDutyKind.FIRST_PLAN if course.newest is None else PlanDutyKind.CLINICIAN_SIGNATURE, first_due


def _signatures(course: Course, first_signed: int, first_due: date | None) -> Iterator[_Wanted]:
    # What was signed before an amendment holds until that is signed, so that no rule gives its signatures a day.
    due = first_due if course.newest == first_signed else None
    done = course.done_to_newest
    if PlanActKind.CLINICIAN_SIGNED not in done:
        yield PlanDutyKind.CLINICIAN_SIGNATURE, due
        return
    if awaits_cosignature(done, needs_cosignature=course.needs_cosignature):
        yield PlanDutyKind.COSIGNATURE, due
    if not done & ANSWERS:
        yield PlanDutyKind.PATIENT_SIGNATURE, due


def _recurring(course: Course, rule: PlanRule | None, first_signed: date, first_due: date | None) -> Iterator[_Wanted]:
    if rule is None:
        return
    if rule.review_days is not None:
        last = max([first_signed, *course.days_of(PlanActKind.REVIEWED)])
        yield PlanDutyKind.REVIEW, last + timedelta(days=rule.review_days)
    if rule.recertification_days is not None:
        certified = course.days_of(PlanActKind.CERTIFIED)
        if certified:
            yield PlanDutyKind.RECERTIFICATION, max(certified) + timedelta(days=rule.recertification_days)
        else:
            yield PlanDutyKind.CERTIFICATION, first_due


def _first_plan_due(course: Course, rule: PlanRule | None) -> date | None:
    if rule is None or course.began_on is None:
        return None
    due = course.began_on + timedelta(days=rule.first_plan_days)
    sessions = rule.first_plan_session_days
    if sessions is not None and len(course.session_days) >= sessions:
        due = min(due, course.session_days[sessions - 1])
    return due
