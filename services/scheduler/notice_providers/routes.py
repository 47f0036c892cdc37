"""The provider of messages over HTTP."""

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import ExpectedVersion, documented, entity_tag
from services.contracts.scheduler.notices import NoticeProvider, NoticeProviderRequest
from services.scheduler.dependencies.notices import NoticeProviders, NoticeProvidersRead

router = APIRouter(prefix="/v1/notice_provider", route_class=IdempotentRoute, tags=["notices"])


@router.get("", operation_id="read_notice_provider", responses=documented(404))
async def read_notice_provider(providers: NoticeProvidersRead, response: Response) -> NoticeProvider:
    """Read who carries the organization's messages; the secret is never shown."""
    return _tagged(await providers.get(), response)


@router.put("", operation_id="put_notice_provider", responses=documented(412, 422, 428))
async def put_notice_provider(
    request: NoticeProviderRequest, providers: NoticeProviders, version: ExpectedVersion, response: Response
) -> NoticeProvider:
    """Set who carries the organization's messages; If-Match where there is a provider already."""
    return _tagged(await providers.put(request, version), response)


def _tagged(provider: NoticeProvider, response: Response) -> NoticeProvider:
    response.headers["ETag"] = entity_tag(provider.version)
    return provider
