"""Routes of documentation standards."""

from fastapi import APIRouter, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.base import Page
from services.contracts.identifiers import SiteId
from services.contracts.records.documentation import (
    DocumentationRules,
    DocumentationStandard,
    DocumentationStandardRequest,
)
from services.records.dependencies.notes import DocumentationChanges, DocumentationReading

router = APIRouter(prefix="/v1", tags=["documentation"], route_class=IdempotentRoute)


@router.get("/documentation_rules", operation_id="list_documentation_rules")
async def list_documentation_rules(documentation: DocumentationReading) -> DocumentationRules:
    """List the rules that a site can be held to, each with its citation and how sure that is."""
    return documentation.rules()


@router.post(
    "/sites/{site_id}/documentation_standards",
    operation_id="create_documentation_standard",
    status_code=status.HTTP_201_CREATED,
    responses=documented(409, 422),
)
async def create_documentation_standard(
    site_id: SiteId, request: DocumentationStandardRequest, documentation: DocumentationChanges
) -> DocumentationStandard:
    """Hold a site to a note rule and a plan rule from a day on."""
    return await documentation.create(site_id, request)


@router.get(
    "/sites/{site_id}/documentation_standards",
    operation_id="list_documentation_standards",
    responses=documented(422),
)
async def list_documentation_standards(
    site_id: SiteId, documentation: DocumentationReading
) -> Page[DocumentationStandard]:
    """List what a site is held to, the first to take effect ahead."""
    return await documentation.of_site(site_id)
