"""The document of the API and its page over HTTP."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.gateway.openapi.documents import Published

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json", operation_id="read_openapi")
async def read_openapi(request: Request) -> Response:
    """Read the document that API clients are generated from (OpenAPI 3.1)."""
    published: Published = request.app.state.published
    return Response(published.document, media_type="application/json", headers={"cache-control": "public, max-age=300"})


@router.get("/docs", operation_id="read_docs")
async def read_docs(request: Request) -> Response:
    """Read the same as a page, which needs no network and no script."""
    published: Published = request.app.state.published
    headers = {"content-security-policy": published.page.policy, "cache-control": "public, max-age=300"}
    return Response(published.page.html, media_type="text/html; charset=utf-8", headers=headers)
