"""Weeks written by hand and published through the routes, for tests of what comes after."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from services.chassis.clock import Clock
from services.chassis.database import Database, Read, driver_connection
from services.contracts.identifiers import OrganizationId, SiteId, SolveId
from services.contracts.identity import Role
from services.scheduler.proposals.logic import Proposing, SolvedWeek
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solves.logic import SolvesReader
from tests.conftest import ClientFactory
from tests.scheduler.clinics import Clinic, Json


class Week:
    """The clinic's week by hand: groups of 90 minutes from 09:00 on the half hour, and visits of an hour."""

    def __init__(self, clinic: Clinic, patients: list[Json]) -> None:
        self.clinic = clinic
        self.ids = [patient["id"] for patient in patients]

    def group(self, day: int, slot: int, *members: int, lead: Json | None = None) -> Json:
        return {
            "kind": self.clinic.offering["id"],
            "day": day,
            "slot": slot,
            "modality": "on_site",
            "track": "adult",
            "language": "en",
            "lead": (lead or self.clinic.counsellor)["id"],
            "co": None,
            "room": self.clinic.room["id"],
            "members": [self.ids[member] for member in members],
        }

    def visit(self, day: int, slot: int, patient: int) -> Json:
        return {
            "patient": self.ids[patient],
            "service": "individual",
            "day": day,
            "slot": slot,
            "modality": "on_site",
            "practitioner": self.clinic.counsellor["id"],
        }


class PublishWeek(Protocol):
    """Publishes a week with these sessions and returns its proposal."""

    def __call__(
        self, monday: str, groups: list[Json], visits: list[Json] = ..., *, reason: str | None = ...
    ) -> Awaitable[Json]: ...


class ByHand(NamedTuple):
    """Asks for weeks, answers in the solver's place, publishes what was answered; `instance` is what was asked."""

    propose: Callable[[str, list[Json], list[Json]], Awaitable[Json]]
    publish: PublishWeek
    accept: Callable[[Json, str | None], Awaitable[Any]]
    instance: Callable[[str], Awaitable[Json]]


def weeks_by_hand(
    scheduler: ClientFactory, database: Database, organization_id: UUID, site: Json, clock: Clock
) -> ByHand:
    """Answer solves in the solver's place, and publish what was answered."""
    desk = scheduler(Role.FRONT_DESK)
    organization = OrganizationId(organization_id)

    async def ask(monday: str) -> tuple[Json, Json]:
        asked = await desk.post("/v1/solves", json={"site_id": site["id"], "week": monday})
        assert asked.status_code == 202, asked.text
        solve = asked.json()
        assert (await desk.post(f"/v1/solves/{solve['id']}:cancel")).status_code == 200
        async with database.command(organization) as db:
            reader = SolvesReader(Read(await driver_connection(db)))
            return solve, await reader.instance(SolveId(UUID(solve["id"])))

    async def instance(monday: str) -> Json:
        return (await ask(monday))[1]

    async def propose(monday: str, groups: list[Json], visits: list[Json]) -> Json:
        solve, asked = await ask(monday)
        document = {"groups": groups, "individuals": visits, "status": "feasible", "bound": 0.0, "unmet": []}
        async with database.command(organization) as db:
            solved = SolvedWeek(
                SolveId(UUID(solve["id"])),
                SiteId(UUID(site["id"])),
                date.fromisoformat(monday),
                solve["base_version"],
                asked,
                document,
            )
            sites = SitesReader(Read(await driver_connection(db)))
            proposal_id = await Proposing(db, organization, sites, clock).propose(solved)
        return dict((await desk.get(f"/v1/proposals/{proposal_id}")).json())

    async def accept(proposal: Json, reason: str | None = None) -> Any:
        return await desk.post(
            f"/v1/proposals/{proposal['id']}:publish",
            headers={"if-match": f'"{proposal["base_version"]}"'},
            json=None if reason is None else {"reason": reason},
        )

    async def publish(
        monday: str, groups: list[Json], visits: list[Json] | None = None, *, reason: str | None = None
    ) -> Json:
        proposal = await propose(monday, groups, visits or [])
        answer = await accept(proposal, reason)
        assert answer.status_code == 200, answer.text
        return proposal

    return ByHand(propose, publish, accept, instance)
