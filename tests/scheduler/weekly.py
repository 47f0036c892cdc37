"""Weeks written by hand and published through the routes, for tests of what comes after."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from services.chassis.clock import Clock
from services.chassis.database import Database, Read, driver_connection
from services.contracts.identifiers import OrganizationId, SiteId, SolveId
from services.contracts.identity import Role
from services.scheduler.proposals.logic import Proposing, SolvedWeek
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solves.logic import SolvesReader
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Json
from tests.scheduler.proposals.conftest import Week

__all__ = ["PublishWeek", "Week", "weeks_by_hand"]


class PublishWeek(Protocol):
    """Publishes a week with these sessions and returns its proposal."""

    def __call__(
        self, monday: str, groups: list[Json], visits: list[Json] = ..., *, reason: str | None = ...
    ) -> Awaitable[Json]: ...


def weeks_by_hand(
    scheduler: ClientFactory, database: Database, organization_id: UUID, site: Json, clock: Clock
) -> tuple[Callable[..., Awaitable[Json]], PublishWeek]:
    """Answer solves in the solver's place, and publish what was answered."""
    desk = scheduler(Role.FRONT_DESK)
    organization = OrganizationId(organization_id)

    async def propose(monday: str, groups: list[Json], visits: list[Json]) -> Json:
        asked = await desk.post("/v1/solves", json={"site_id": site["id"], "week": monday})
        assert asked.status_code == 202, asked.text
        solve = asked.json()
        assert (await desk.post(f"/v1/solves/{solve['id']}:cancel")).status_code == 200
        document: dict[str, Any] = {"groups": groups, "individuals": visits, "status": "feasible"}
        async with database.command(organization) as db:
            read = Read(await driver_connection(db))
            solved = SolvedWeek(
                SolveId(UUID(solve["id"])),
                SiteId(UUID(site["id"])),
                date.fromisoformat(monday),
                solve["base_version"],
                await SolvesReader(read).instance(SolveId(UUID(solve["id"]))),
                {**document, "bound": 0.0, "unmet": []},
            )
            proposal_id = await Proposing(db, organization, SitesReader(read), clock).propose(solved)
        return dict((await desk.get(f"/v1/proposals/{proposal_id}")).json())

    async def publish(
        monday: str, groups: list[Json], visits: list[Json] | None = None, *, reason: str | None = None
    ) -> Json:
        proposal = await propose(monday, groups, visits or [])
        answer = await desk.post(
            f"/v1/proposals/{proposal['id']}:publish",
            headers={"if-match": f'"{proposal["base_version"]}"'},
            json=None if reason is None else {"reason": reason},
        )
        assert answer.status_code == 200, answer.text
        return proposal

    return propose, publish
