"""What is allowed with rule packs and with what binds a site."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, StaleVersionError
from services.contracts.identifiers import AccountId, OrganizationId, SiteId
from services.contracts.records.treatment_plans import HorizonWeek, WeekRequirements
from services.contracts.rule_packs import (
    EffectiveRules,
    RuleKey,
    RuleLayer,
    RulePack,
    RulePacks,
    RuleSettings,
    RuleSettingsRequest,
)
from services.contracts.scheduler.horizon import HorizonPeriod
from services.contracts.scheduler.sites import Practitioner
from services.policy.rule_packs.layering import effective, own_pack, situation_of
from services.policy.rule_packs.reading import all_packs
from services.scheduler.attendance.history import AttendedReader
from services.scheduler.dispatch import SiteCall, enqueue_site
from services.scheduler.rule_packs import storage
from services.scheduler.rule_packs.periods import people_ahead, period_notes, periods_ahead
from services.scheduler.rule_packs.rules import (
    WeekRules,
    caseload_notes,
    day_limits,
    nothing_set,
    payer_notes,
    settings_of,
    with_rules,
)
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solver.limits import RuleLimits

_STALE: Final = "The rule settings have changed since you read them; read them again and send their ETag."


@lru_cache(maxsize=64)
def _unset_limits(day: date) -> RuleLimits:
    """Return the limits of a day at any site that nobody has set up; seats are asked for often, and days are few."""
    return day_limits(WeekRules.of(all_packs(), nothing_set(SiteId(UUID(int=0))), (), day, day))


class RulePacksReader:
    """Reads packs, what binds a site, and which figure counts."""

    def __init__(self, read: Read, sites: SitesReader) -> None:
        self._read = read
        self._sites = sites
        self._attended = AttendedReader(read)
        self._packs: Sequence[RulePack] = all_packs()

    def packs(self) -> RulePacks:
        """Return every pack with its figures, those that are yet to be adopted among them."""
        return RulePacks(items=list(self._packs))

    async def settings(self, site_id: SiteId) -> RuleSettings:
        """Return what binds a site.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        return await self._settings(site_id)

    async def _settings(self, site_id: SiteId) -> RuleSettings:
        return await storage.newest(self._read, site_id) or nothing_set(site_id)

    async def effective(self, site_id: SiteId, on: date, payers: Sequence[str]) -> EffectiveRules:
        """Return which figures count at a site on a day, for patients of these payers together.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        settings = await self.settings(site_id)
        return EffectiveRules(
            site_id=site_id,
            on=on,
            settings_version=settings.version,
            jurisdiction=settings.jurisdiction,
            payers=sorted(set(payers)),
            rules=effective((*self._packs, own_pack(settings)), situation_of(settings, payers, on, on)),
        )

    async def of_week(self, site_id: SiteId, requirements: WeekRequirements) -> WeekRules:
        """Return the figures that bind a site's week and those who are to come in it."""
        return WeekRules.of_week(self._packs, await self._settings(site_id), requirements)

    async def limits(self, site_id: SiteId, day: date) -> RuleLimits:
        """Return the limits of a patient's day at a site, as hands that give one seat at a time keep them."""
        settings = await storage.newest(self._read, site_id)
        if settings is None:
            return _unset_limits(day)
        return day_limits(WeekRules.of(self._packs, settings, (), day, day))

    async def bind(
        self,
        site_id: SiteId,
        instance: dict[str, Any],
        requirements: WeekRequirements,
        practitioners: Sequence[Practitioner],
    ) -> dict[str, Any]:
        """Return a week's instance within the figures that count, with `rule_notes` of what they change or miss."""
        settings = await self._settings(site_id)
        rules = WeekRules.of_week(self._packs, settings, requirements)
        bound = with_rules(instance, rules, requirements)
        notes = [
            *bound["rule_notes"],
            *caseload_notes(rules, len(requirements.patients), practitioners),
            *payer_notes(self._packs, settings, requirements),
            *await self._period_notes(rules, requirements),
        ]
        return {**bound, "rule_notes": notes}

    async def _period_notes(self, rules: WeekRules, requirements: WeekRequirements) -> list[str]:
        if not rules.asks(RuleKey.PERIOD_MINUTES_FEWEST):
            return []
        patients = [patient.patient_id for patient in requirements.patients]
        return list(period_notes(rules, requirements, await self._attended.before(requirements.week, patients)))

    async def periods_ahead(self, site_id: SiteId, weeks: Sequence[HorizonWeek]) -> dict[date, HorizonPeriod]:
        """Return, for each week ahead with which somebody's period ends, how many it leaves short."""
        on = weeks[0].week
        rules = WeekRules.of(self._packs, await self._settings(site_id), (), on, on)
        if not rules.asks(RuleKey.PERIOD_MINUTES_FEWEST):
            return {}
        rule = rules.together[RuleKey.PERIOD_MINUTES_FEWEST, None]
        attended = await self._attended.before(on, {one.patient_id for week in weeks for one in week.patients})
        people = people_ahead(weeks, attended)
        found = {week.week: periods_ahead(rule, people, week.week) for week in weeks}
        return {week: period for week, period in found.items() if period is not None}


class RulePacksLogic:
    """Sets up what binds a site."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        account_id: AccountId,
        reader: RulePacksReader,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._account_id = account_id
        self._reader = reader
        self._clock = clock

    async def put(self, site_id: SiteId, request: RuleSettingsRequest, expected_version: int) -> RuleSettings:
        """Make the next version of what binds a site; records is told of its state once this is committed.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            InvalidRequestError: A pack or a figure is named that there is none of.
            StaleVersionError: Another version has been written meanwhile.
        """
        current = await self._reader.settings(site_id)
        _refuse_unknown(self._reader.packs().items, request)
        settings = settings_of(site_id, request).model_copy(
            update={
                "version": expected_version + 1,
                "changed_by": self._account_id,
                "changed_at": self._clock.now(),
            }
        )
        is_next = current.version == expected_version
        if not (is_next and await storage.insert_version(self._db, self._organization_id, settings)):
            raise StaleVersionError(_STALE)
        await enqueue_site(self._db, SiteCall(self._organization_id, site_id), timedelta())
        return settings


def _refuse_unknown(packs: Sequence[RulePack], request: RuleSettingsRequest) -> None:
    figures = {figure.id for pack in packs for figure in pack.figures}
    for number, adoption in enumerate(request.adoptions):
        if adoption.figure_id not in figures:
            raise InvalidRequestError(f"/adoptions/{number}/figure_id", "must be a figure of list_rule_packs")
    payers = {pack.id for pack in packs if pack.layer is RuleLayer.PAYER}
    for number, payer in enumerate(request.payers):
        if not payers.issuperset(payer.pack_ids):
            remedy = "must be packs of the layer payer, of list_rule_packs"
            raise InvalidRequestError(f"/payers/{number}/pack_ids", remedy)
