"""Routes of the public directory, and those by which it is kept."""

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.identifiers import DirectoryProgrammeId
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
    FoundProgrammes,
    ProgrammeKeeper,
    ProgrammeKeeperRequest,
)
from services.records.dependencies.directory import (
    AttestationChanges,
    AttestationReading,
    Directory,
    Importing,
    Keeping,
)

router = APIRouter(prefix="/v1", tags=["directory"], route_class=IdempotentRoute)
_ALL = "/directory_programmes"
_ONE = "/directory_programmes/{programme_id}"


@router.post(f"{_ALL}:search", operation_id="search_directory", responses=documented(422, 429))
async def search_directory(request: DirectorySearch, directory: Directory) -> FoundProgrammes:
    """Find programmes near a place or in a state that offer all that is wished for; nothing of the search is kept."""
    return await directory.search(request)


@router.post(f"{_ALL}:compare", operation_id="compare_directory_programmes", responses=documented(422, 429))
async def compare_directory_programmes(request: ComparisonRequest, directory: Directory) -> Comparison:
    """Lay two to five programmes side by side, each statement with its source and its day."""
    return await directory.compare(request)


@router.get("/directory_facets", operation_id="list_directory_facets", responses=documented(429))
async def list_directory_facets(directory: Directory) -> FacetValues:
    """List what programmes state under each facet, the most frequent first: what a search can wish for."""
    return await directory.facets()


@router.get(_ONE, operation_id="read_directory_programme", responses=documented(404, 422, 429))
async def read_directory_programme(programme_id: DirectoryProgrammeId, directory: Directory) -> DirectoryProgramme:
    """Read what is stated of a programme, by whom and of which day."""
    return await directory.one(programme_id)


@router.post(f"{_ALL}:import", operation_id="import_directory", responses=documented(422))
async def import_directory(request: DirectoryImport, directory: Importing) -> DirectoryImported:
    """Enter programmes from a public locator's file; sent again it changes nothing."""
    return await directory.take(request)


@router.post(f"{_ONE}:set_keeper", operation_id="set_directory_keeper", responses=documented(404, 422))
async def set_directory_keeper(
    programme_id: DirectoryProgrammeId, request: ProgrammeKeeperRequest, keeping: Keeping
) -> ProgrammeKeeper:
    """Say whose programme an entry is; what another organization has attested of it is taken away."""
    return await keeping(programme_id, request.organization_id)


@router.get(f"{_ONE}/attestation", operation_id="read_directory_attestation", responses=documented(404, 422))
async def read_directory_attestation(
    programme_id: DirectoryProgrammeId, attestations: AttestationReading
) -> Attestation:
    """Read what your programme has stated of itself."""
    return await attestations.one(programme_id)


@router.put(f"{_ONE}/attestation", operation_id="put_directory_attestation", responses=documented(404, 422))
async def put_directory_attestation(
    programme_id: DirectoryProgrammeId, request: AttestationRequest, attestations: AttestationChanges
) -> Attestation:
    """State staff credentials, languages and hours of your programme; they are shown as attested by it alone."""
    return await attestations.put(programme_id, request)
