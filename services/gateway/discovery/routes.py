"""The metadata over HTTP: JSON whatever is asked for, and readable by any page's script."""

from typing import Any, Final

from fastapi import APIRouter, Response

from services.gateway.dependencies import OauthIssuer
from services.gateway.dependencies.registrations import Oauth
from services.gateway.discovery.rules import (
    oauth_metadata,
    openid_configuration,
    resource_metadata,
    smart_configuration,
)

router = APIRouter(tags=["oauth"])
_PUBLIC: Final = {"cache-control": "public, max-age=300", "access-control-allow-origin": "*"}


@router.get("/.well-known/oauth-authorization-server", operation_id="read_oauth_metadata")
async def read_oauth_metadata(oauth: Oauth, response: Response) -> dict[str, Any]:
    """Read the metadata of the authorization server (RFC 8414)."""
    response.headers.update(_PUBLIC)
    return oauth_metadata(oauth.issuer, has_registration=oauth.has_registration)


@router.get("/.well-known/oauth-protected-resource", operation_id="read_resource_metadata")
async def read_resource_metadata(issuer: OauthIssuer, response: Response) -> dict[str, Any]:
    """Read where this API's tokens come from (RFC 9728); a refused request names this address."""
    response.headers.update(_PUBLIC)
    return resource_metadata(issuer)


@router.get("/.well-known/openid-configuration", operation_id="read_openid_configuration")
async def read_openid_configuration(oauth: Oauth, response: Response) -> dict[str, Any]:
    """Read the metadata of the OpenID provider (OpenID Connect Discovery)."""
    response.headers.update(_PUBLIC)
    return openid_configuration(oauth.issuer, has_registration=oauth.has_registration)


@router.get("/.well-known/smart-configuration", operation_id="read_smart_configuration")
async def read_smart_configuration(oauth: Oauth, response: Response) -> dict[str, Any]:
    """Read how applications are launched (SMART App Launch 2.2)."""
    response.headers.update(_PUBLIC)
    return smart_configuration(oauth.issuer, has_registration=oauth.has_registration)


@router.get("/fhir/R4/.well-known/smart-configuration", operation_id="read_fhir_smart_configuration")
async def read_fhir_smart_configuration(oauth: Oauth, response: Response) -> dict[str, Any]:
    """Read how applications are launched, where they look for it: under the address of the FHIR server."""
    response.headers.update(_PUBLIC)
    return smart_configuration(oauth.issuer, has_registration=oauth.has_registration)
