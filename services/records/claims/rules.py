"""What is true of charges: which lines sessions make, what each lacks, and which authorization it uses. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from services.contracts.disclosure import Information, Purpose, RecipientKind
from services.contracts.identifiers import EncounterId, PayerAuthorizationId
from services.contracts.records.claims import (
    BillingMethod,
    ChargeCertification,
    ChargeCode,
    ChargeGap,
    ChargeOverlap,
    ChargeUnit,
    PartialStay,
    PayerAuthorization,
)
from services.contracts.records.consents import Restriction
from services.contracts.records.encounters import Encounter
from services.contracts.scheduler.attendance import AttendanceStatus
from services.contracts.vocabulary import ServiceKind
from services.records.plans_of_care.facts import PlannedStay
from services.records.site_zones.rules import Zones

PRIMARY_THERAPY: Final = frozenset({ServiceKind.INDIVIDUAL, ServiceKind.PROCESS_GROUP, ServiceKind.FAMILY})
"""Individual, group and family psychotherapy: one of them must be among a Medicare day's services (42 CFR 410.44)."""

_WEEK_DAYS: Final = 7
_QUARTER: Final = 15

CodesOf = Callable[[BillingMethod, date], Sequence[ChargeCode]]
"""The codes of a method that are in force on a day."""


@dataclass(frozen=True, slots=True)
class Session:
    """An encounter on its day in the zone of the site, and whether its note is signed."""

    id: EncounterId
    on: date
    service: ServiceKind
    minutes: int
    status: AttendanceStatus
    is_signed: bool

    @property
    def is_attended(self) -> bool:
        """Whether the patient stayed."""
        return self.status is AttendanceStatus.FULFILLED and self.minutes > 0

    @property
    def counts(self) -> bool:
        """Whether it is a completed service: an unsigned note makes none."""
        return self.is_attended and self.is_signed


@dataclass(frozen=True, slots=True)
class Draft:
    """A line before it is priced."""

    first_on: date
    last_on: date
    code: ChargeCode | None
    units: int
    sessions: tuple[Session, ...]
    gaps: tuple[ChargeGap, ...] = ()
    authorization_id: PayerAuthorizationId | None = None

    @property
    def counted(self) -> list[Session]:
        """The completed services that it rests on."""
        return [session for session in self.sessions if session.counts]

    def lacking(self, *gaps: ChargeGap) -> "Draft":
        """Return it with what it lacks besides."""
        return replace(self, gaps=(*self.gaps, *(gap for gap in gaps if gap not in self.gaps)))


def session_of(encounter: Encounter, zones: Zones, *, is_signed: bool) -> Session:
    """Return an encounter as charges see it."""
    return Session(
        id=encounter.id,
        on=zones.day(encounter.start, encounter.site_id),
        service=encounter.service,
        minutes=encounter.attended_minutes,
        status=encounter.status,
        is_signed=is_signed,
    )


def by_stay(sessions: Iterable[Session], stays: Sequence[tuple[date, date | None]]) -> list[list[Session]]:
    """Return the sessions of each admission, and those of none: no line reaches from one into another."""
    groups: dict[int, list[Session]] = defaultdict(list)
    for session in sessions:
        within = (n for n, (first, last) in enumerate(stays) if first <= session.on <= (last or date.max))
        groups[next(within, -1)].append(session)
    return list(groups.values())


def drafts(method: BillingMethod, sessions: Iterable[Session], codes_of: CodesOf) -> list[Draft]:
    """Return the lines that sessions make by a method, in the order of days."""
    ordered = sorted(sessions, key=lambda session: (session.on, session.id))
    if method is BillingMethod.SERVICE_LEVEL:
        return [_of_session(session, codes_of(method, session.on)) for session in ordered]
    if method is BillingMethod.OTP_WEEKLY:
        return [_of_week(week, codes_of(method, week[0].on)) for week in _weeks(ordered)]
    days: dict[date, list[Session]] = defaultdict(list)
    for session in ordered:
        days[session.on].append(session)
    made = [_of_day(on, tuple(held), codes_of(method, on)) for on, held in days.items()]
    return [_in_its_week(draft, made) for draft in made]


def units_of(code: ChargeCode, minutes: int) -> int:
    """Return how many units so many minutes come to; a started unit counts from the minute that its code says."""
    if code.unit is not ChargeUnit.QUARTER_HOUR:
        return 1
    return (minutes + _QUARTER - (code.unit_minutes_fewest or _QUARTER)) // _QUARTER


def _of_session(session: Session, codes: Sequence[ChargeCode]) -> Draft:
    code = next((one for one in codes if one.service is session.service), None)
    units = 0 if code is None or not session.counts else units_of(code, session.minutes)
    draft = Draft(session.on, session.on, code, units, (session,)).lacking(*_attendance((session,)))
    if session.is_attended and not session.is_signed:
        draft = draft.lacking(ChargeGap.NOTE_UNSIGNED)
    if code is None:
        return draft.lacking(ChargeGap.NO_CODE)
    return draft.lacking(ChargeGap.DAY_TOO_SHORT) if session.counts and not units else draft


def _of_day(on: date, sessions: tuple[Session, ...], codes: Sequence[ChargeCode]) -> Draft:
    counted = [session for session in sessions if session.counts]
    code = _fitting(codes, len(counted))
    draft = Draft(on, on, code, 1, sessions).lacking(*_attendance(sessions))
    if code is None:
        return draft.lacking(ChargeGap.NO_CODE)
    short = [] if not any(session.is_attended for session in sessions) else _shortfalls(code, counted)
    return _with_reason(draft, short)


def _of_week(sessions: tuple[Session, ...], codes: Sequence[ChargeCode]) -> Draft:
    code = _fitting(codes, sum(session.counts for session in sessions))
    first = sessions[0].on
    draft = Draft(first, first + timedelta(days=_WEEK_DAYS - 1), code, 1, sessions).lacking(*_attendance(sessions))
    if code is None:
        return draft.lacking(ChargeGap.NO_CODE)
    return _with_reason(draft, _shortfalls(code, draft.counted))


def _fitting(codes: Sequence[ChargeCode], services: int) -> ChargeCode | None:
    """Return the code for so many services; where they are too few, the one that asks for the fewest."""
    fitting = [code for code in codes if (code.services_fewest or 0) <= services <= (code.services_most or services)]
    return next(iter(fitting or sorted(codes, key=lambda code: code.services_fewest or 0)), None)


def _shortfalls(code: ChargeCode, counted: Sequence[Session]) -> list[ChargeGap]:
    primary = sum(session.service in PRIMARY_THERAPY for session in counted)
    measures = {
        ChargeGap.DAY_TOO_SHORT: (sum(session.minutes for session in counted), code.day_minutes_fewest),
        ChargeGap.FEWER_SERVICES_THAN_ASKED: (len(counted), code.services_fewest),
        ChargeGap.NO_PRIMARY_THERAPY: (primary, code.primary_fewest),
    }
    short = [gap for gap, (found, fewest) in measures.items() if found < (fewest or 0)]
    return short or ([ChargeGap.FEWER_SERVICES_THAN_ASKED] if not counted else [])


def _with_reason(draft: Draft, short: list[ChargeGap]) -> Draft:
    """Say beside a shortfall that notes are unsigned, where there are such: signing them may mend it."""
    unsigned = any(session.is_attended and not session.is_signed for session in draft.sessions)
    return draft.lacking(*short, *([ChargeGap.NOTE_UNSIGNED] if short and unsigned else []))


def _attendance(sessions: Sequence[Session]) -> list[ChargeGap]:
    if any(session.is_attended for session in sessions):
        return []
    is_open = any(session.status is AttendanceStatus.ARRIVED for session in sessions)
    return [ChargeGap.ATTENDANCE_OPEN if is_open else ChargeGap.NOT_ATTENDED]


def _in_its_week(draft: Draft, made: Sequence[Draft]) -> Draft:
    if draft.code is None or draft.code.week_days_fewest is None:
        return draft
    monday = draft.first_on - timedelta(days=draft.first_on.weekday())
    enough = sum(
        monday <= other.first_on < monday + timedelta(days=_WEEK_DAYS) and not _shortfalls(draft.code, other.counted)
        for other in made
    )
    return draft if enough >= draft.code.week_days_fewest else _with_reason(draft, [ChargeGap.FEWER_DAYS_THAN_ASKED])


def _weeks(ordered: Sequence[Session]) -> list[tuple[Session, ...]]:
    weeks: list[list[Session]] = []
    for session in ordered:
        if not session.is_attended:
            continue
        if weeks and (session.on - weeks[-1][0].on).days < _WEEK_DAYS:
            weeks[-1].append(session)
        else:
            weeks.append([session])
    return [tuple(week) for week in weeks]


def is_near_stay(draft: Draft, stays: Iterable[PartialStay], overlaps: Iterable[ChargeOverlap]) -> bool:
    """Whether a line overlaps with days of partial hospitalization, or lies within the days that a rule names."""
    margins = [timedelta(days=rule.days) for rule in overlaps if rule.effective_from <= draft.first_on]
    return any(
        draft.first_on <= stay.until_on + margin and draft.last_on >= stay.from_on - margin
        for stay in stays
        for margin in margins
    )


def plan_gaps(
    draft: Draft, planned: Iterable[PlannedStay], certifications: Iterable[ChargeCertification]
) -> list[ChargeGap]:
    """Return what a line lacks of the plan of care that its code rests on.

    A plan holds from its signature on, and for the days of the stay until which it may be signed. A certification holds
    from its own day: of a delayed one (42 CFR 424.11(d)(3)) a person decides, who explains it to the payer.
    """
    on, code = draft.first_on, draft.code
    if code is None:
        return []
    stays = [one for one in planned if one.first_on <= on <= (one.last_on or date.max)]
    gaps = []
    if code.plan_within_days is not None:
        grace = timedelta(days=code.plan_within_days)
        if not any(one.signed_on <= on or on <= one.first_on + grace for one in stays):
            gaps.append(ChargeGap.PLAN_UNSIGNED)
    ages = [(on - certified).days for one in stays for certified in one.certified_on]
    asked = [
        rule.days for rule in certifications if rule.condition_code == code.condition_code and rule.effective_from <= on
    ]
    if any(not any(0 <= age <= days for age in ages) for days in asked):
        gaps.append(ChargeGap.CERTIFICATION_LACKING)
    return gaps


def kept_from_payers(restrictions: Iterable[Restriction], on: date) -> ChargeGap | None:
    """Return why what is of a day is charged to no payer, or None where it may be.

    A payer is not told apart from the others: what the patient has paid in full is owed by none of them.
    """
    kept = [
        one
        for one in restrictions
        if Information.CLAIMS in one.information
        and Purpose.PAYMENT in one.purposes
        and (one.paid_in_full or RecipientKind.HEALTH_PLAN in one.recipient_kinds)
        and (one.records_from or date.min) <= on <= (one.records_until or date.max)
    ]
    if not kept:
        return None
    return ChargeGap.PAID_BY_PATIENT if any(one.paid_in_full for one in kept) else ChargeGap.RESTRICTED


@dataclass(slots=True)
class Ledger:
    """What is left of authorizations while lines use them up in the order of days."""

    authorizations: Sequence[PayerAuthorization]
    left: dict[UUID, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.left = {one.id: one.units for one in self.authorizations}

    def use(self, draft: Draft) -> Draft:
        """Return a line with the authorization that it uses, or with what it lacks; only what is complete uses one."""
        if draft.code is None:
            return draft
        covering = [
            one
            for one in self.authorizations
            if one.code == draft.code.code and one.from_on <= draft.first_on and draft.last_on <= one.until_on
        ]
        if not covering:
            return draft.lacking(ChargeGap.AUTHORIZATION_LACKING)
        chosen = next((one for one in covering if self.left[one.id] >= draft.units), None)
        if chosen is None:
            return draft.lacking(ChargeGap.AUTHORIZATION_USED_UP)
        if not draft.gaps:
            self.left[chosen.id] -= draft.units
        return replace(draft, authorization_id=chosen.id)
