"""Writing to the audit trail: what a request does is told to its `Trail`, which is written before its transaction ends.

A transaction that changed or read something and tells nothing is refused, so that no route can forget to.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import Column, LargeBinary, MetaData, SmallInteger, Table, Text, Uuid
from sqlalchemy.types import BigInteger

from services.chassis.audit.chain import LANES, sealed
from services.chassis.clock import Clock
from services.chassis.context import current
from services.chassis.database import NAMING_CONVENTION, SEEING, new_id
from services.contracts.identity import Principal

_METADATA: Final = MetaData(naming_convention=NAMING_CONVENTION)
AUDIT_EVENTS: Final = Table(
    "audit_events",
    _METADATA,
    Column("organization_id", Uuid, primary_key=True),
    Column("lane", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("event", Text, nullable=False),
    Column("seal", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""The table of the trail (`to_metadata`): the application may insert and read, and change and delete nothing."""

_LINK: Final = """
    {}insert into audit_events (organization_id, lane, number, event, seal, hash)
    select $1::uuid, $2::smallint, next.number, $3::text, $4::bytea,
        sha256('\\x00'::bytea || next.previous || uuid_send($1::uuid) || int2send($2::smallint)
            || int8send(next.number) || $4::bytea || convert_to($3::text, 'UTF8'))
    from (
        select coalesce(head.number, 0) + 1 as number,
            coalesce(head.hash, decode(repeat('00', 32), 'hex')) as previous
        from {} as always left join lateral (
            select number, hash from audit_events
            where organization_id = $1::uuid and lane = $2::smallint{} order by number desc limit 1
        ) as head on true
    ) as next
    on conflict do nothing
    returning number
"""
# One statement: the key of the next link is the lock. Who comes second waits for the first to end, writes nothing, and
# tries again on what is there then.
APPEND: Final = _LINK.format("", "(select 1)", "")
APPEND_ALONE: Final = _LINK.format(
    f"with {SEEING.format('$1::uuid::text')} ", "seeing", " and always.organization is not null"
)
"""The same as a transaction of its own: it sees the organization that it writes to."""
_ATTEMPTS: Final = 200


class UnauditedError(Exception):
    """A request read or changed something and left no trace: a mistake of ours, so nothing of it may stand."""


class TrailBlockedError(Exception):
    """No lane took the event: nothing may happen that cannot be written down."""


class Outcome(StrEnum):
    """How a request ended."""

    PERMITTED = "permitted"
    DENIED = "denied"
    REPLAYED = "replayed"
    """The stored answer of an earlier request was given again."""


class Ground(NamedTuple):
    """On what an answer was given: that the caller could be told this of this person."""

    subject: UUID
    what: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who does it, through which operation."""

    principal: Principal
    operation_id: str


@dataclass(slots=True)
class Trail:
    """What one request has to tell; subjects are the people whose data it touched, by id."""

    caller: Caller
    clock: Clock
    _told: list[str] = field(default_factory=list)
    _refused: list[str] = field(default_factory=list)
    _grounds: dict[Ground, None] = field(default_factory=dict)
    _keeps_denial: bool = False

    @property
    def grounds(self) -> list[Ground]:
        """On what the answer is given; before it is given again, all of it has to hold again."""
        return list(self._grounds)

    def rest_on(self, *subjects: UUID, what: str) -> None:
        """Remember that the answer may be given because the caller could be told this of these people."""
        self._grounds.update(dict.fromkeys(Ground(subject, what) for subject in subjects))

    def permit(self, *subjects: UUID, basis: str, purpose: str, **details: Any) -> None:
        """Tell that the data of these people are read or written; no subject where a search found nobody."""
        self._told.append(self._event(Outcome.PERMITTED, subjects, {"basis": basis, "purpose": purpose, **details}))

    def deny(self, *subjects: UUID, rule: str, purpose: str, **details: Any) -> None:
        """Tell that somebody was refused; it is kept although the transaction is not."""
        self._refused.append(self._event(Outcome.DENIED, subjects, {"rule": rule, "purpose": purpose, **details}))

    def deny_and_keep(self, *subjects: UUID, rule: str, purpose: str, **details: Any) -> None:
        """Tell that somebody was refused by a transaction that keeps the refusal as its own row, and so may commit."""
        self.deny(*subjects, rule=rule, purpose=purpose, **details)
        self._keeps_denial = True

    def replay(self, *subjects: UUID) -> None:
        """Tell that a stored answer, which told of these people, was given again."""
        self._refused.append(self._event(Outcome.REPLAYED, subjects, {}))

    def take(self) -> list[str]:
        """Hand over what the transaction has to write.

        Raises:
            UnauditedError: Nothing was permitted. A refusal is written on its own and lets nothing be read or changed,
                except where the refusal is what the transaction keeps.
        """
        if not self._told and not self._keeps_denial:
            raise UnauditedError
        told, self._told = self._told, []
        return told

    def keep(self, refused: str) -> None:
        """Let what was permitted be written although the answer is a refusal, and say which: what was read was read.

        Nothing that such an event tells of was changed.
        """
        self._refused += [_text(orjson.loads(event) | {"refused": refused}) for event in self._told]
        self._told = []

    def take_refusals(self) -> list[str]:
        """Hand over what is written although the transaction was rolled back."""
        refused, self._refused = self._refused, []
        return refused

    def _event(self, outcome: Outcome, subjects: Sequence[UUID], details: dict[str, Any]) -> str:
        principal = self.caller.principal
        return event_text(
            at=self.clock.now(),
            members={
                "operation": self.caller.operation_id,
                "request": current().request_id,
                "account": principal.account_id,
                "roles": sorted(principal.roles),
                "service": principal.acting_service,
                "token": principal.token_id,
                "outcome": outcome,
                "subjects": list(subjects),
                **details,
            },
        )


def event_text(*, at: datetime, members: dict[str, Any]) -> str:
    """Write an event as it is hashed: JSON with sorted names, and an id of its own that sorts by time."""
    event = {"v": 1, "id": new_id(at, secrets.token_bytes(10)).hex, "at": at, **members}
    return _text(event)


def _text(event: dict[str, Any]) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z).decode()


async def append(
    connection: Any,
    key: bytes,
    organization_id: UUID,
    events: Sequence[str],
    *,
    lane: int | None = None,
    is_alone: bool = False,
) -> int | None:
    """Link events to one lane of an organization, within the transaction of an asyncpg connection, and return it.

    It is the last thing that a transaction does: until its end, others wait who chose the same lane. Who comes again
    in the same transaction comes with the lane that was returned. Where it `is_alone`, there is no transaction: each
    event is there as soon as it is written.

    Raises:
        TrailBlockedError: Every attempt met somebody else's link.
    """
    statement = APPEND_ALONE if is_alone else APPEND
    for event in events:
        sent = event, sealed(key, organization_id, event)
        lane = await _append_one(connection, statement, organization_id, sent, lane)
    return lane


async def _append_one(
    connection: Any, statement: str, organization_id: UUID, event: tuple[str, bytes], lane: int | None
) -> int:
    for _ in range(_ATTEMPTS):
        # All events of a transaction go to one lane: who holds two could wait for each other.
        chosen = secrets.randbelow(LANES) if lane is None else lane
        if await connection.fetchval(statement, organization_id, chosen, *event) is not None:
            return chosen
    raise TrailBlockedError
