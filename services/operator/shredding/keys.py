"""A patient's keys in the databases: which there are, and how they are destroyed."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.chassis.audit.trail import append, event_text
from services.chassis.clock import Clock
from services.operator.postgres.provision import DatabaseUrls
from services.operator.shredding.ledger import Shredding

_SET_ORGANIZATION: Final = "select set_config('eventide.organization_id', $1, true)"
_KEYS: Final[Mapping[str, str]] = {
    "records": """
        select id from patient_keys where patient_id = $1
        union select id from counselling_note_keys where patient_id = $1
        union select k.id from referral_keys k join referrals r on r.id = k.referral_id where r.patient_id = $1
    """,
    "scheduler": "select id from patient_keys where patient_id = $1",
}
_DESTROY: Final[Mapping[str, tuple[str, ...]]] = {
    "records": (
        "delete from patient_keys where patient_id = $1 and id = any($2)",
        "delete from counselling_note_keys where patient_id = $1 and id = any($2)",
        """
        delete from referral_keys k using referrals r
        where r.id = k.referral_id and r.patient_id = $1 and k.id = any($2)
        """,
    ),
    "scheduler": ("delete from patient_keys where patient_id = $1 and id = any($2)",),
}
# What finds a person again without the key goes with it, and so does what could not be opened any more by who uses it.
# Stored answers may hold the person's data for whoever still has the idempotency key they were asked for with.
_CLEAR: Final[Mapping[str, tuple[str, ...]]] = {
    "records": (
        "update patients set likeness = null where id = $1",
        # What the scheduler still plans of the person, it ends when it hears of this.
        """
        insert into record_seals (organization_id, patient_id, sealed_at)
        select organization_id, id, now() from patients where id = $1
        on conflict do nothing
        """,
        "delete from idempotency_keys where $1::uuid is not null",
    ),
    "scheduler": (
        "update notice_preferences set address = null, opted_in = false where patient_id = $1",
        "delete from idempotency_keys where $1::uuid is not null",
    ),
}
# What is kept in the clear: whose calendar was never read from elsewhere has no key in the scheduler, and yet these.
# The day until which a child's record is kept tells the day of birth to whoever knows the law.
_FORGET: Final[Mapping[str, tuple[str, ...]]] = {
    "records": (
        """
        update dispositions set citation = null, keep_until = null, reason = null
        where patient_id = $1 and citation is not null
        """,
    ),
    "scheduler": (
        """
        delete from feed_tokens t using feeds f
        where f.organization_id = t.organization_id and f.id = t.feed_id and f.subject = 'patient' and f.subject_id = $1
        """,
        "delete from feeds where subject = 'patient' and subject_id = $1",
        "delete from commitment_sources where patient_id = $1",
    ),
}
# There is nothing any more that these read or claim, and nobody could end them: the accounts are free for others.
# With a key or without, for it may have gone when they were left.
_END: Final = """
    with own as (
        update patient_accounts
        set until_at = greatest(now(), from_at + interval '1 microsecond'), ended_by = $2
        where patient_id = $1 and until_at is null
    )
    update related_person_accounts
    set until_at = greatest(now(), from_at + interval '1 microsecond'), ended_by = $2
    where patient_id = $1 and until_at is null
"""
_OPERATION: Final = "shred_patient"


async def keys_of(urls: Mapping[str, DatabaseUrls], organization_id: UUID, patient_id: UUID) -> tuple[UUID, ...]:
    """Return the ids of a patient's keys, and of those of the referrals that became the patient."""
    found = set[UUID]()
    for service, select in _KEYS.items():
        async with _organization(urls[service].owner, organization_id) as connection:
            found |= {row["id"] for row in await connection.fetch(select, patient_id)}
    return tuple(sorted(found))


async def destroy(urls: Mapping[str, DatabaseUrls], shreddings: Sequence[Shredding]) -> int:
    """Destroy these keys wherever they are, and return how many patients had one; again is no error.

    The scheduler forgets calendars in and out of them, and the records by which law one was kept; accounts end.
    """
    destroyed = 0
    for shredding in shreddings:
        destroyed += any([await _destroy_one(service, urls[service].owner, shredding) for service in _DESTROY])
    return destroyed


async def _destroy_one(service: str, owner_url: str, shredding: Shredding) -> bool:
    async with _organization(owner_url, shredding.organization_id) as connection:
        patient_id, keys = shredding.patient_id, list(shredding.keys)
        done = [await connection.execute(statement, patient_id, keys) for statement in _DESTROY[service]]
        had_one = any(map(_has_touched, done))
        forgotten = [await connection.execute(statement, patient_id) for statement in _FORGET[service]]
        for statement in _CLEAR[service] if had_one or any(map(_has_touched, forgotten)) else ():
            await connection.execute(statement, patient_id)
        if service == "records":
            await connection.execute(_END, patient_id, shredding.by)
        return had_one


def _has_touched(status: str) -> bool:
    return not status.endswith(" 0")


async def tell(urls: Mapping[str, DatabaseUrls], key: bytes, shredding: Shredding, clock: Clock) -> None:
    """Write it to the organization's audit trail."""
    members = {
        "operation": _OPERATION,
        "account": shredding.by,
        "outcome": "permitted",
        "subjects": [shredding.patient_id],
        "basis": "use",
        "purpose": "operations",
        "reason": shredding.reason,
        "keys": list(shredding.keys),
    }
    async with _organization(urls["records"].owner, shredding.organization_id) as connection:
        await append(connection, key, shredding.organization_id, [event_text(at=clock.now(), members=members)])


@asynccontextmanager
async def _organization(owner_url: str, organization_id: UUID) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(owner_url)
    try:
        async with connection.transaction():
            await connection.execute(_SET_ORGANIZATION, str(organization_id))
            yield connection
    finally:
        await connection.close()
