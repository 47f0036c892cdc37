"""What patients' weeks require and may have, asked of records and of the rule packs as an exchange needs it."""

from datetime import date

from services.chassis.errors import UpstreamUnavailableError
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.treatment_plans import WeekRequirements
from services.contracts.rule_packs import EffectiveRule, RuleKey
from services.scheduler.bookings.hours import MostMinutes, WeekHours
from services.scheduler.rule_packs.logic import RulePacksReader
from services.scheduler.rule_packs.rules import WeekRules


class PlannedHoursReader:
    """Asks for the caller of one request, and once for each week."""

    def __init__(self, records: RecordsClient, rules: RulePacksReader, caller_token: str) -> None:
        self._records = records
        self._rules = rules
        self._token = caller_token
        self._known: dict[tuple[SiteId, date], tuple[WeekRequirements, WeekRules]] = {}

    async def foresee(self, site_id: SiteId, week: date) -> None:
        """Find out what the week of everybody at a site requires, and which figures count in it.

        Raises:
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        await self._week(site_id, week)

    async def of(self, site_id: SiteId, week: date, patient_id: PatientId) -> WeekHours:
        """Return what one patient's week requires and may have; nothing is required of who has no plan at the site.

        Raises:
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        requirements, rules = await self._week(site_id, week)
        plan = next((one for one in requirements.patients if one.patient_id == patient_id), None)
        figures = rules.alone[None if plan is None else plan.payer]
        return WeekHours(
            required={} if plan is None else {one.service: one.minutes_per_week for one in plan.required_services},
            week_most=_most(figures[RuleKey.WEEK_MINUTES_MOST, None]),
            day_most=_most(figures[RuleKey.DAY_MINUTES_MOST, None]),
        )

    async def _week(self, site_id: SiteId, week: date) -> tuple[WeekRequirements, WeekRules]:
        if (site_id, week) not in self._known:
            try:
                requirements = await self._records.week_requirements(self._token, site_id, week)
            except RefusedError:
                raise UpstreamUnavailableError("records") from None
            self._known[site_id, week] = requirements, await self._rules.of_week(site_id, requirements)
        return self._known[site_id, week]


def _most(rule: EffectiveRule) -> MostMinutes | None:
    return None if rule.value is None or rule.source is None else MostMinutes(rule.value, rule.source)
