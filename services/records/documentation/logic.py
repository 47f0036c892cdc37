"""What is allowed with documentation standards: who sets a site up holds it to rules, from a day on."""

from datetime import UTC, date

from services.chassis.errors import InvalidRequestError
from services.contracts.base import Page
from services.contracts.identifiers import SiteId
from services.contracts.records.documentation import (
    DocumentationRules,
    DocumentationStandard,
    DocumentationStandardRequest,
    NoteRule,
    PlanRule,
)
from services.records.documentation.errors import StandardExistsError
from services.records.documentation.reading import documentation_rules, note_rule, plan_rule
from services.records.documentation.rules import Standard, standard_on
from services.records.documentation.storage import DocumentationQueries, DocumentationRows
from services.records.gate import Gate


class DocumentationCommands:
    """Changes to documentation standards, within one unit of work."""

    def __init__(self, rows: DocumentationRows, gate: Gate) -> None:
        self._rows = rows
        self._gate = gate

    async def create(self, site_id: SiteId, request: DocumentationStandardRequest) -> DocumentationStandard:
        """Hold a site to rules from a day on, which may not be past: what was late does not become timely.

        Raises:
            InvalidRequestError: There is no such rule, or not on that day, or the day is past.
            StandardExistsError: The site has a standard from that day on.
        """
        now = self._gate.clock.now()
        if request.effective_from < now.astimezone(UTC).date():
            raise InvalidRequestError("/effective_from", "must not lie in the past")
        _refuse_unknown("/note_rule", note_rule(request.note_rule), request.effective_from)
        _refuse_unknown("/plan_rule", plan_rule(request.plan_rule), request.effective_from)
        standard = DocumentationStandard(
            site_id=site_id, **request.model_dump(), created_by=self._gate.caller.account_id, created_at=now
        )
        if not await self._rows.add(standard):
            raise StandardExistsError
        self._gate.configured(site=site_id)
        return standard


class DocumentationReads:
    """What can be read of documentation standards; none of it is about a person."""

    def __init__(self, queries: DocumentationQueries, gate: Gate) -> None:
        self._queries = queries
        self._gate = gate

    async def of_site(self, site_id: SiteId) -> Page[DocumentationStandard]:
        """Return what a site is held to, the first to take effect ahead."""
        self._gate.configured(site=site_id)
        return Page(items=await self._queries.of_site(site_id), next_page_token=None)

    def rules(self) -> DocumentationRules:
        """Return every rule that a site can be held to."""
        self._gate.configured()
        return documentation_rules()


class Standards:
    """Tells other subjects what holds at a site; they have said to the trail what they do."""

    def __init__(self, queries: DocumentationQueries) -> None:
        self._queries = queries

    async def on(self, site_id: SiteId, day: date) -> Standard | None:
        """Return what holds at a site on a day."""
        return standard_on(day, await self._queries.of_site(site_id), documentation_rules())

    async def of_all(self, sites_and_days: set[tuple[SiteId, date]]) -> dict[tuple[SiteId, date], Standard | None]:
        """Return what holds at each of these sites on each of these days."""
        written = {site_id: await self._queries.of_site(site_id) for site_id in {one for one, _ in sites_and_days}}
        rules = documentation_rules()
        return {(site_id, day): standard_on(day, written[site_id], rules) for site_id, day in sites_and_days}

    async def of_all_sites(
        self, sites_and_days: set[tuple[SiteId, date]]
    ) -> dict[tuple[SiteId, date], Standard | None]:
        """Return what `of_all` does, from one look at all sites."""
        written, rules = await self._queries.of_all_sites(), documentation_rules()
        return {
            (site_id, day): standard_on(day, [one for one in written if one.site_id == site_id], rules)
            for site_id, day in sites_and_days
        }


def _refuse_unknown(pointer: str, rule: NoteRule | PlanRule | None, day: date) -> None:
    if rule is None:
        raise InvalidRequestError(pointer, "must be one that list_documentation_rules names")
    if day < rule.effective_from:
        raise InvalidRequestError(
            "/effective_from", f"must not lie before {rule.effective_from}, when the rule applies"
        )
