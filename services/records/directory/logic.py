"""What the directory answers to anybody, and who may change it."""

from datetime import UTC
from typing import Final

from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import page_request
from services.contracts.identifiers import DirectoryProgrammeId, IntakeDoorId, OrganizationId
from services.contracts.records.directory import (
    Attestation,
    AttestationRequest,
    Comparison,
    ComparisonRequest,
    DirectoryImport,
    DirectoryImported,
    DirectoryProgramme,
    DirectorySearch,
    FacetValues,
    FoundProgramme,
    FoundProgrammes,
    ProgrammeKeeper,
)
from services.records.directory.rules import attested, digest, identity, side_by_side, stated
from services.records.directory.storage import AttestationQueries, DirectoryQueries, DirectoryRows, Known, Located
from services.records.gate import Gate

_TENTHS: Final = 1


class DirectoryReads:
    """What anybody can read of the directory; of who asks, and from where, nothing is kept."""

    def __init__(self, queries: DirectoryQueries) -> None:
        self._queries = queries

    async def search(self, request: DirectorySearch) -> FoundProgrammes:
        """Return a page of the programmes that meet every wish.

        Raises:
            InvalidRequestError: The page token is that of no page.
        """
        asked = page_request(request.page_size, request.page_token, pointer="/page_token", location="body")
        page = asked.page(await self._queries.search(request.near, request.region, request.wishes, asked))
        return FoundProgrammes(items=[_found(one) for one in page.items], next_page_token=page.next_page_token)

    async def one(self, programme_id: DirectoryProgrammeId) -> DirectoryProgramme:
        """Return a programme; raises NotFoundError where the directory has no such one."""
        found = await self._queries.some([programme_id])
        if programme_id not in found:
            raise NotFoundError
        return found[programme_id].programme

    async def compare(self, request: ComparisonRequest) -> Comparison:
        """Lay programmes side by side, in the order they were asked for.

        Raises:
            InvalidRequestError: The directory does not have one of them.
        """
        found = await self._queries.some(request.programme_ids, request.near)
        for number, programme_id in enumerate(request.programme_ids):
            if programme_id not in found:
                raise InvalidRequestError(f"/programme_ids/{number}", "must be a programme of the directory")
        programmes = [_found(found[programme_id]) for programme_id in request.programme_ids]
        return Comparison(programmes=programmes, lines=side_by_side(programmes))

    async def facets(self) -> FacetValues:
        """Return what can be wished for."""
        return FacetValues(items=await self._queries.facets())


class DirectoryCommands:
    """Changes that the installation's operator makes to the directory, within one unit of work."""

    def __init__(self, rows: DirectoryRows) -> None:
        self._rows = rows

    async def take(self, request: DirectoryImport) -> DirectoryImported:
        """Enter what a locator's file tells; sent again it changes nothing, and an older file changes nothing newer."""
        entries = {identity(request.source, entry): entry for entry in request.entries}
        known = await self._rows.known(list(entries))
        added = changed = 0
        for programme_id, entry in entries.items():
            now, before = Known(request.as_of, digest(entry)), known.get(programme_id)
            if before is not None and (before == now or before.as_of > now.as_of):
                continue
            facts = stated(entry, request.source, request.as_of)
            await self._rows.put(programme_id, request.source, entry, now, facts)
            added += before is None
            changed += before is not None
        return DirectoryImported(added=added, changed=changed, unchanged=len(request.entries) - added - changed)

    async def set_keeper(self, programme_id: DirectoryProgrammeId, organization_id: OrganizationId) -> ProgrammeKeeper:
        """Say whose programme an entry is; raises NotFoundError where the directory has no such one."""
        if not await self._rows.keep(programme_id, organization_id):
            raise NotFoundError
        return ProgrammeKeeper(programme_id=programme_id, organization_id=organization_id)


class DirectoryDoors:
    """By which doors an organization's programmes are asked, within one unit of work."""

    def __init__(self, rows: DirectoryRows, organization_id: OrganizationId) -> None:
        self._rows = rows
        self._organization_id = organization_id

    async def show(self, programme_id: DirectoryProgrammeId, door_id: IntakeDoorId) -> None:
        """Show a door with a programme, instead of one that was shown before.

        Raises:
            InvalidRequestError: The directory has no such programme, or it is not the organization's.
        """
        if not await self._rows.show_door(programme_id, self._organization_id, door_id):
            raise InvalidRequestError(
                "/programme_id", "must be a programme in the directory that your organization keeps"
            )

    async def hide(self, door_id: IntakeDoorId) -> None:
        """Show a door nowhere any more."""
        await self._rows.hide_door(door_id)


class AttestationCommands:
    """What an organization states of its own programmes, within one unit of work."""

    def __init__(self, rows: DirectoryRows, gate: Gate, organization_id: OrganizationId) -> None:
        self._rows = rows
        self._gate = gate
        self._organization_id = organization_id

    async def put(self, programme_id: DirectoryProgrammeId, request: AttestationRequest) -> Attestation:
        """State what no public source knows, instead of what was stated before; it is shown as the programme's own.

        Raises:
            NotFoundError: The directory has no such programme, or it is not the organization's.
        """
        name = await self._rows.lock_own(programme_id, self._organization_id)
        if name is None:
            self._gate.refuse(programme_id)
            raise NotFoundError
        account_id, now = self._gate.caller.account_id, self._gate.clock.now()
        facts = attested(request, name, now.astimezone(UTC).date())
        await self._rows.attest(programme_id, self._organization_id, request, facts, (account_id, now))
        self._gate.configured(programme=programme_id)
        return Attestation(
            programme_id=programme_id,
            staff_credentials=request.staff_credentials,
            languages=request.languages,
            sessions=request.sessions,
            attested_by=account_id,
            attested_at=now,
        )


class AttestationReads:
    """What an organization can read of its own attestations."""

    def __init__(self, queries: AttestationQueries, gate: Gate) -> None:
        self._queries = queries
        self._gate = gate

    async def one(self, programme_id: DirectoryProgrammeId) -> Attestation:
        """Return what the organization's programme has stated; raises NotFoundError where there is nothing."""
        found = await self._queries.one(programme_id)
        if found is None:
            self._gate.refuse(programme_id)
            raise NotFoundError
        self._gate.configured(programme=programme_id)
        return found


def _found(one: Located) -> FoundProgramme:
    distance = None if one.distance_km is None else round(one.distance_km, _TENTHS)
    return FoundProgramme(programme=one.programme, distance_km=distance)
