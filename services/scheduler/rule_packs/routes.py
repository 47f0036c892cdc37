"""Rule packs over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import BearerToken, RequiredVersion, documented, entity_tag
from services.contracts.base import Code, Day
from services.contracts.identifiers import SiteId
from services.contracts.rule_packs import EffectiveRules, RuleFindings, RulePacks, RuleSettings, RuleSettingsRequest
from services.scheduler.dependencies.rule_packs import RuleFindingsRead, RuleSettingsChanges, RulesRead

router = APIRouter(route_class=IdempotentRoute, tags=["rule packs"])

_SETTINGS = "/v1/sites/{site_id}/rule_settings"


@router.get("/v1/rule_packs", operation_id="list_rule_packs", responses=documented(401, 403))
async def list_rule_packs(rules: RulesRead) -> RulePacks:
    """List the packs of states, payers and programmes, each figure with its citation and how well it is known."""
    return rules.packs()


@router.get(_SETTINGS, operation_id="read_rule_settings", responses=documented(404, 422))
async def read_rule_settings(site_id: SiteId, rules: RulesRead, response: Response) -> RuleSettings:
    """Read which packs bind a site, what was adopted and the organization's own figures."""
    settings = await rules.settings(site_id)
    response.headers["ETag"] = entity_tag(settings.version)
    return settings


@router.put(_SETTINGS, operation_id="put_rule_settings", responses=documented(404, 412, 422, 428))
async def put_rule_settings(
    site_id: SiteId,
    request: RuleSettingsRequest,
    version: RequiredVersion,
    settings: RuleSettingsChanges,
    response: Response,
) -> RuleSettings:
    """Set what binds a site; a looser figure of one's own must say why. Weeks that are published stay as they are."""
    changed = await settings.put(site_id, request, version)
    response.headers["ETag"] = entity_tag(changed.version)
    return changed


@router.get("/v1/sites/{site_id}/effective_rules", operation_id="read_effective_rules", responses=documented(404, 422))
async def read_effective_rules(
    site_id: SiteId,
    on: Annotated[Day, Query(description="The day, in the site's zone.")],
    rules: RulesRead,
    payer: Annotated[list[Code] | None, Query(max_length=16, description="Payers of the patients meant.")] = None,
) -> EffectiveRules:
    """Say which figure counts at a site on a day and why, and what became of the others."""
    return await rules.effective(site_id, on, payer or [])


@router.get(
    "/v1/sites/{site_id}/timetables/{week}/rule_findings",
    operation_id="list_rule_findings",
    responses=documented(404, 422, 503),
)
async def list_rule_findings(
    site_id: SiteId, week: date, findings: RuleFindingsRead, token: BearerToken
) -> RuleFindings:
    """List whose published week falls short of the hours and days that packs ask for, taper weeks left out."""
    return await findings.of_week(site_id, week, token)
