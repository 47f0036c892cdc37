"""What the clients share: one call, its answer as a schema, its refusal as an error."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from services.chassis.errors import UpstreamUnavailableError
from services.chassis.http import HttpAnswer, HttpClient
from services.clients.errors import RefusedError
from services.contracts.problems import ProblemDetails

Schema = TypeVar("Schema")

_UNAVAILABLE = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


class ServiceClient:
    """Calls one service; subclasses give each operation a name and its types."""

    def __init__(self, http: HttpClient, base_url: str, service: str) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._service = service

    async def _call(
        self,
        answer_type: type[Schema],
        method: str,
        path: str,
        *,
        token: str | None = None,
        query: Mapping[str, str | int | None] | None = None,
        body: BaseModel | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Schema:
        """Call one operation.

        Raises:
            RefusedError: The service refused, with its problem document.
            UpstreamUnavailableError: It did not answer, or not as documented.
        """
        answer = await self._send(method, path, token=token, query=query, body=body, headers=headers)
        adapter: TypeAdapter[Schema] = TypeAdapter(answer_type)
        try:
            return adapter.validate_json(answer)
        except ValidationError:
            raise UpstreamUnavailableError(self._service) from None

    async def _send(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        query: Mapping[str, str | int | None] | None = None,
        body: BaseModel | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Call one operation and return its answer as it came; otherwise as `_call`.

        Raises:
            RefusedError: The service refused, with its problem document.
            UpstreamUnavailableError: It did not answer, or refused as nothing is documented to be.
        """
        sent = dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        if isinstance(body, BaseModel):
            sent["content-type"] = "application/json"
            body = orjson.dumps(body.model_dump(exclude_unset=True), default=_plain)
        parameters = urlencode({name: value for name, value in (query or {}).items() if value is not None})
        url = f"{self._base_url}{path}{'?' + parameters if parameters else ''}"
        answer = await self._http.request(self._service, method, url, headers=sent, body=body)
        return self._body_of(answer)

    def _body_of(self, answer: HttpAnswer) -> bytes:
        if answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return answer.body or b"null"
        try:
            problem = ProblemDetails.model_validate_json(answer.body)
        except ValidationError:
            raise UpstreamUnavailableError(self._service) from None
        if answer.status in _UNAVAILABLE:
            raise UpstreamUnavailableError(self._service)
        raise RefusedError(problem)


def _plain(value: Any) -> Any:
    # The one place where a secret of a request body becomes text: on its way to the service it is for.
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, UUID):
        # An id as the database's driver gives it, which is a UUID of its own class.
        return str(value)
    raise TypeError(type(value).__name__)
