"""Which edition of criteria is in force at a site: a decision or a review by another one is refused."""

import secrets
from datetime import date
from typing import Final

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError
from services.contracts.base import Page
from services.contracts.identifiers import SiteId
from services.contracts.records.placement_reviews import SiteCriteriaEdition, SiteCriteriaEditionRequest
from services.records.gate import Gate
from services.records.placement_reviews.criteria import Edition, edition_of
from services.records.placement_reviews.in_force_storage import SiteEditionQueries, SiteEditionRows
from services.records.site_zones.logic import KnownSites

_UNKNOWN: Final = "must be one that list_criteria_editions names"


class EditionsInForce:
    """Tells other subjects by which edition they may decide, within their unit of work."""

    def __init__(self, rows: SiteEditionRows) -> None:
        self._rows = rows

    async def edition(self, asked: str, site_id: SiteId, on: date, pointer: str) -> Edition:
        """Return the edition that is asked for, where a decision of that day at that site may be by it.

        Raises:
            InvalidRequestError: There is none of that name, or another one is in force there.
        """
        edition = edition_of(asked)
        if edition is None:
            raise InvalidRequestError(pointer, _UNKNOWN)
        held = await self._rows.on(site_id, on)
        if held is not None and held.edition != asked:
            remedy = f"must be {held.edition}, which is in force at the patient's site from {held.effective_from} on"
            raise InvalidRequestError(pointer, remedy, code="edition-not-in-force")
        return edition


class SiteEditionCommands:
    """Sets which edition is in force."""

    def __init__(self, rows: SiteEditionRows, sites: KnownSites, gate: Gate) -> None:
        self._rows = rows
        self._sites = sites
        self._gate = gate

    async def add(self, request: SiteCriteriaEditionRequest) -> SiteCriteriaEdition:
        """Say which edition a site is held to from a day on; what was decided before stays as it is.

        Raises:
            InvalidRequestError: There is no such edition, or no such site in the caller's organization.
        """
        if edition_of(request.edition) is None:
            raise InvalidRequestError("/edition", _UNKNOWN)
        await self._sites.refuse_unknown(request.site_id, "/site_id")
        now = self._gate.clock.now()
        one = SiteCriteriaEdition(**request.model_dump(), set_by=self._gate.caller.account_id, set_at=now)
        await self._rows.add(new_id(now, secrets.token_bytes(10)), one)
        self._gate.configured(site=request.site_id)
        return one


class SiteEditionReads:
    """What can be read of the editions in force."""

    def __init__(self, queries: SiteEditionQueries, gate: Gate) -> None:
        self._queries = queries
        self._gate = gate

    async def of_site(self, site_id: SiteId) -> Page[SiteCriteriaEdition]:
        """Return what was set of a site, the earliest day first."""
        self._gate.configured(site=site_id)
        return Page(items=await self._queries.of_site(site_id), next_page_token=None)
