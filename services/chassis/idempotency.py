"""Idempotency keys: a write that is sent twice is done once (draft-ietf-httpapi-idempotency-key-header-07).

The key, the effect and the stored answer share one transaction. A second request with the same key waits on the key's
row until the first has ended, and then gets the first one's answer.

An answer may hold a person's data, so it is kept sealed with a key made of the caller's own key, which is not kept: who
reads the table learns nothing, and only who sends the request again can open the answer.

Beside it is kept on what it was given: whom it told of, and what. Where an application can decide on that, it does so
again before the answer is given again, because who asks may have lost access since.
"""

import hashlib
import hmac
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from fastapi import Request
from fastapi.routing import APIRoute
from sqlalchemy import (
    TIMESTAMP,
    Column,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response
from typing_extensions import override

from services.chassis.audit.trail import Ground, Trail
from services.chassis.database import NAMING_CONVENTION
from services.chassis.errors import IdempotencyKeyReusedError, InvalidRequestError
from services.chassis.json_body import StrictJsonRoute
from services.chassis.sealing import Place, SealingKey
from services.contracts.identity import Principal

HEADER = "idempotency-key"
_LONGEST_KEY = 255

_METADATA = MetaData(naming_convention=NAMING_CONVENTION)
IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    _METADATA,
    Column("organization_id", Uuid, primary_key=True),
    Column("account_id", Uuid, primary_key=True),
    Column("operation_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", SmallInteger),
    Column("content_type", Text),
    Column("headers", JSONB),
    Column("body", LargeBinary),
    Column("grounds", JSONB),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False),
)
"""The table that each service's first revision makes (`to_metadata`); a tenant table like any other."""


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with a key, in its scope: organization, caller, operation."""

    identity: dict[str, Any]
    request_hash: bytes
    seal: SealingKey
    place: Place


class AnsweredBeforeError(Exception):
    """Not a refusal: the request was answered before, and this is that answer, with what it was given on."""

    def __init__(self, response: Response, grounds: Sequence[Ground]) -> None:
        super().__init__()
        self.response = response
        self.grounds = grounds


async def keyed_request(request: Request, principal: Principal) -> KeyedRequest | None:
    """Read the key of a write, or None where the caller sent none or acts in no organization.

    Raises:
        InvalidRequestError: The key is empty or longer than 255 characters.
    """
    key = request.headers.get(HEADER)
    if key is None or principal.organization_id is None:
        return None
    if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        raise InvalidRequestError(HEADER, "must be 1 to 255 printable characters, such as a UUID", location="header")
    route: APIRoute = request.scope["route"]
    digest = hmac.new(key.encode(), b"request", "sha256")
    for part in (
        request.scope["raw_path"],
        request.scope["query_string"],
        request.headers.get("if-match", "").encode(),
    ):
        digest.update(len(part).to_bytes(8) + part)
    digest.update(await request.body())
    identity = {
        "organization_id": principal.organization_id,
        "account_id": principal.account_id,
        "operation_id": route.operation_id,
        "key": hashlib.sha256(key.encode()).hexdigest(),
    }
    seal = SealingKey("idempotency-key", hmac.digest(key.encode(), b"answer", "sha256"))
    place = Place(principal.organization_id, IDEMPOTENCY_KEYS.name, "body", principal.account_id)
    return KeyedRequest(identity, digest.digest(), seal, place)


class Idempotency:
    """A claimed key, whose answer is still to be stored."""

    def __init__(self, db: AsyncSession, request: KeyedRequest, trail: Trail) -> None:
        self._db = db
        self._request = request
        self._trail = trail

    @classmethod
    async def claim(cls, db: AsyncSession, request: KeyedRequest, trail: Trail, now: datetime) -> Self:
        """Take the key for this request.

        Raises:
            AnsweredBeforeError: The same request was answered before.
            IdempotencyKeyReusedError: The key came with another request.
        """
        claim = insert(IDEMPOTENCY_KEYS).values(**request.identity, request_hash=request.request_hash, created_at=now)
        claimed = await db.execute(claim.on_conflict_do_nothing().returning(IDEMPOTENCY_KEYS.c.key))
        if claimed.scalar() is not None:
            return cls(db, request, trail)
        row = (await db.execute(select(IDEMPOTENCY_KEYS).filter_by(**request.identity))).one()
        if bytes(row.request_hash) != request.request_hash:
            raise IdempotencyKeyReusedError
        raise AnsweredBeforeError(
            Response(
                request.seal.unseal(row.body, request.place),
                status_code=row.status,
                headers={**row.headers, "idempotency-replayed": "true"},
                media_type=row.content_type,
            ),
            [Ground(UUID(subject), what) for subject, what in row.grounds or ()],
        )

    async def store(self, response: Response) -> None:
        """Keep the answer beside the effect, in the same transaction."""
        kept = {name: response.headers[name] for name in ("location", "etag") if name in response.headers}
        await self._db.execute(
            update(IDEMPOTENCY_KEYS)
            .filter_by(**self._request.identity)
            .values(
                status=response.status_code,
                content_type=response.headers.get("content-type"),
                headers=kept,
                body=self._request.seal.seal(bytes(response.body), self._request.place),
                grounds=[(str(ground.subject), ground.what) for ground in self._trail.grounds],
            )
        )


class IdempotentRoute(StrictJsonRoute):
    """A route whose answer is stored with its effect, or given again where it was given before."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            try:
                response = await handle(request)
            except AnsweredBeforeError as before:
                return before.response
            claimed: Idempotency | None = getattr(request.state, "idempotency", None)
            if claimed is not None:
                await claimed.store(response)
            return response

        return handle_once


class GatedAgainRoute(IdempotentRoute):
    """A route whose stored answers may stop being for who asks: the endpoint decides again before one is given.

    The endpoint is called for a repeated request as well, with the stored answer as its `AnsweredBefore`. Stored
    refusals are given again without it.
    """
