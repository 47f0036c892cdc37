"""What goes with a patient's keys, in both services that have some, and what stays."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.operator.postgres.provision import DatabaseUrls
from services.operator.shredding.keys import _DESTROY, _KEYS, destroy, keys_of
from services.operator.shredding.ledger import Shredding

GONE, KEPT = UUID(int=1), UUID(int=2)
SEALED = b"\x01" + bytes(40)

_KEY = "insert into organization_keys values ($1, $2, $3, now())"
_PATIENT_KEY = """
    insert into patient_keys (organization_id, id, patient_id, organization_key_id, wrapped, created_at)
    values ($1, $2, $3, $4, $5, now())
"""
_NOTES_KEY = _PATIENT_KEY.replace("patient_keys", "counselling_note_keys")
_PATIENT = """
    insert into patients (organization_id, id, given_name, family_name, birth_date, site_id, version, created_at,
        likeness) values ($1, $2, $3, $3, $3, $1, 1, now(), $3)
"""
_REFERRAL = """
    insert into referrals (organization_id, id, site_id, told, source, urgency, received_at, intake_due_at, status,
        closing, version, created_at, closed_at)
    values ($1, $2, $1, $3, 'self', 'routine', now(), now(), 'closed', 'declined', 1, now(), now())
"""
_REFERRAL_KEY = "insert into referral_keys values ($1, $2, $3, $4, $5, now())"
_PREFERENCE = """
    insert into notice_preferences (organization_id, patient_id, channel, language, address, opted_in, opted_in_at,
        version, updated_at) values ($1, $2, 'sms', 'en', $3, true, now(), 1, now())
"""
_SITE = "insert into sites values ($1, $1, 'Drill', 'UTC', '[]', 0, 0, now())"
_SOURCE = """
    insert into commitment_sources (organization_id, id, patient_id, kind, status, revision, events_read,
        busy_intervals, warnings) values ($1, $2, $3, 'url', 'active', 1, 0, 0, '[]')
"""
_POLL = """
    insert into commitment_polls (organization_id, source_id, site_id, turn, failures, next_attempt_at, access)
    values ($1, $2, $1, 1, 0, now(), $3)
"""
_COMMITMENT = """
    insert into commitments (organization_id, id, source_id, patient_id, during)
    values ($1, $2, $2, $2, tstzrange(now(), now() + interval '1 h'))
"""
_FEED = """
    insert into feeds (organization_id, id, subject, subject_id, shows_location, created_at, created_by, rotated_at,
        revision, served) values ($1, $2, $3, $2, false, now(), $1, now(), 0, '[]')
"""
_FEED_TOKEN = "insert into feed_tokens (organization_id, feed_id, token_hash) values ($1, $2, $3)"
_RECIPIENT = """
    insert into recipients (organization_id, id, name, kind, hipaa_bound, created_at)
    values ($1, $1, $2, 'family_or_friend', false, now())
"""
_PERSON = """
    insert into related_persons (organization_id, id, patient_id, recipient_id, details, created_by, created_at)
    values ($1, $2, $2, $1, $3, $1, now())
"""
_ACCOUNT = """
    insert into related_person_accounts (organization_id, id, related_person_id, patient_id, account_id, from_at,
        code_sha256, claim_until, linked_by) values ($1, $2, $2, $2, $2, now(), $3, now(), $1)
"""
_OWN_ACCOUNT = """
    insert into patient_accounts (organization_id, id, patient_id, account_id, from_at, code_sha256, claim_until,
        claimed_at, linked_by) values ($1, $2, $2, $2, now(), $3, now(), now(), $1)
"""
_CLOSING = """
    insert into programme_closings (organization_id, id, programme, reason, ends_on, responsible_person,
        responsible_contact, opened_by, opened_at, sealed_by, sealed_at)
    values ($1, $2, 'Drill', 'discontinued', '2026-10-02', 'Rae Keeper', 'Drill', $1, now(), $3, now())
"""
_DISPOSITION = """
    insert into dispositions (organization_id, closing_id, patient_id, kind, citation, keep_until, reason, decided_by,
        decided_at) values ($1, $2, $3, $4, 'Synthetic Code 9-4', '2041-05-01', $5, $1, now())
"""
_ANSWER = """
    insert into idempotency_keys (organization_id, account_id, operation_id, key, request_hash, created_at)
    values ($1, $1, 'drill', 'drill', $2, now())
"""
_WRAPPED = """
    select table_name from information_schema.columns where table_schema = 'public' and column_name = 'wrapped'
"""


class Rows:
    """The rows of one organization, as the owner of a database sees them."""

    def __init__(self, connection: Any, organization_id: UUID) -> None:
        self._connection = connection
        self.organization_id = organization_id

    async def add(self, statement: str, *values: Any) -> None:
        await self._connection.execute(statement, self.organization_id, *values)

    async def read(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self._connection.fetch(query)]


@pytest.fixture
async def rows(databases: Mapping[str, DatabaseUrls], organization_id: UUID) -> AsyncIterator[Mapping[str, Rows]]:
    async with AsyncExitStack() as stack:
        made = {}
        for service in ("records", "scheduler"):
            settings = {"eventide.organization_id": str(organization_id)}
            connection = await asyncpg.connect(databases[service].owner, server_settings=settings)
            stack.push_async_callback(connection.close)
            made[service] = Rows(connection, organization_id)
        yield made


async def fill(rows: Mapping[str, Rows]) -> None:
    for service, of in rows.items():
        above = uuid4()
        await of.add(_KEY, above, SEALED)
        for patient_id in (GONE, KEPT):
            if service == "records":
                await of.add(_PATIENT, patient_id, SEALED)
            await of.add(_PATIENT_KEY, uuid4(), patient_id, above, SEALED)
            if service == "records":
                await of.add(_NOTES_KEY, uuid4(), patient_id, above, SEALED)
        if service == "records":
            await of.add(_REFERRAL, GONE, SEALED)
            await of.add(_REFERRAL_KEY, uuid4(), GONE, above, SEALED)
    scheduler = rows["scheduler"]
    await scheduler.add(_SITE)
    for patient_id in (GONE, KEPT):
        await scheduler.add(_PREFERENCE, patient_id, SEALED)
        await scheduler.add(_SOURCE, patient_id, patient_id)
        await scheduler.add(_POLL, patient_id, SEALED)
        await scheduler.add(_COMMITMENT, patient_id)


async def test_keys_go_with_what_finds_or_uses_them_and_those_of_others_stay(
    databases: Mapping[str, DatabaseUrls], rows: Mapping[str, Rows], organization_id: UUID
) -> None:
    await fill(rows)
    keys = await keys_of(databases, organization_id, GONE)
    shredding = Shredding(organization_id, GONE, keys, uuid4(), "retention ended", "2026-10-02T09:00:00+00:00")

    first, again = await destroy(databases, [shredding]), await destroy(databases, [shredding])

    records, scheduler = rows["records"], rows["scheduler"]
    assert (len(keys), first, again) == (3, 1, 0)
    assert await records.read("select patient_id from patient_keys") == [(KEPT,)]
    assert await records.read("select patient_id from counselling_note_keys") == [(KEPT,)]
    assert await scheduler.read("select patient_id from patient_keys") == [(KEPT,)]
    assert await records.read("select id, likeness is null from patients order by id") == [(GONE, True), (KEPT, False)]
    preferences = "select patient_id, address is null, opted_in from notice_preferences order by 1"
    assert await scheduler.read(preferences) == [(GONE, True, False), (KEPT, False, True)]


@pytest.mark.parametrize("has_key", [True, False])
async def test_the_scheduler_forgets_the_calendars_of_who_was_shredded_with_a_key_there_or_without(
    databases: Mapping[str, DatabaseUrls], rows: Mapping[str, Rows], organization_id: UUID, *, has_key: bool
) -> None:
    """Before, feeds went on, busy times stayed, and of who had no key there nothing was touched."""
    await fill(rows)
    scheduler, room = rows["scheduler"], uuid4()
    for patient_id in (GONE, KEPT):
        await scheduler.add(_FEED, patient_id, "patient")
        await scheduler.add(_FEED_TOKEN, patient_id, organization_id.bytes + patient_id.bytes)
    await scheduler.add(_FEED, room, "room")
    if not has_key:
        await scheduler.add("delete from patient_keys where organization_id = $1 and patient_id = $2", GONE)
    keys = await keys_of(databases, organization_id, GONE)

    await destroy(databases, [Shredding(organization_id, GONE, keys, uuid4(), "asked for", "2026-10-02T09:00:00Z")])

    for table, column in (("commitment_sources", "id"), ("commitment_polls", "source_id"), ("commitments", "id")):
        assert await scheduler.read(f"select {column} from {table}") == [(KEPT,)]  # noqa: S608 - our own words
    assert set(await scheduler.read("select id from feeds")) == {(KEPT,), (room,)}
    tokens = f"select feed_id from feed_tokens where organization_id = '{organization_id}'"  # noqa: S608 - our own
    assert await scheduler.read(tokens) == [(KEPT,)]


async def test_stored_answers_go_with_the_calendars_of_who_had_no_key_in_the_scheduler_and_only_then(
    databases: Mapping[str, DatabaseUrls], rows: Mapping[str, Rows], organization_id: UUID
) -> None:
    """Before, they stayed until they expired, with entries of a calendar that was forgotten."""
    await fill(rows)
    scheduler = rows["scheduler"]
    await scheduler.add("delete from patient_keys where organization_id = $1 and patient_id = $2", GONE)
    await scheduler.add(_ANSWER, SEALED)
    shredding = Shredding(organization_id, GONE, (), uuid4(), "asked for", "2026-10-02T09:00:00Z")

    await destroy(databases, [shredding])

    stored = f"select key from idempotency_keys where organization_id = '{organization_id}'"  # noqa: S608 - our own
    assert await scheduler.read(stored) == []
    await scheduler.add(_ANSWER, SEALED)
    await destroy(databases, [shredding])
    assert await scheduler.read(stored) == [("drill",)]


async def test_the_accounts_of_those_close_to_who_was_shredded_are_free_for_others(
    databases: Mapping[str, DatabaseUrls], rows: Mapping[str, Rows], organization_id: UUID
) -> None:
    await fill(rows)
    records, by = rows["records"], uuid4()
    await records.add(_RECIPIENT, SEALED)
    for patient_id in (GONE, KEPT):
        await records.add(_PERSON, patient_id, SEALED)
        await records.add(_ACCOUNT, patient_id, SEALED)
    keys = await keys_of(databases, organization_id, GONE)

    await destroy(databases, [Shredding(organization_id, GONE, keys, by, "asked for", "2026-10-02T09:00:00Z")])

    ended = "select id, until_at is null, ended_by from related_person_accounts order by id"
    assert await records.read(ended) == [(GONE, False, by), (KEPT, True, None)]


async def test_the_own_account_of_who_was_shredded_is_linked_no_longer(
    databases: Mapping[str, DatabaseUrls], rows: Mapping[str, Rows], organization_id: UUID
) -> None:
    """Before, it stayed the account of a record that opens no more, and nobody could end that."""
    await fill(rows)
    records, by = rows["records"], uuid4()
    for patient_id in (GONE, KEPT):
        await records.add(_OWN_ACCOUNT, patient_id, SEALED)
    keys = await keys_of(databases, organization_id, GONE)

    await destroy(databases, [Shredding(organization_id, GONE, keys, by, "asked for", "2026-10-02T09:00:00Z")])

    ended = "select patient_id, until_at is null, ended_by from patient_accounts order by patient_id"
    assert await records.read(ended) == [(GONE, False, by), (KEPT, True, None)]


async def test_accounts_that_an_earlier_shredding_has_left_end_when_it_is_applied_again(
    databases: Mapping[str, DatabaseUrls], rows: Mapping[str, Rows], organization_id: UUID
) -> None:
    """Before, they ended only with a key: of who was shredded before that they stayed, and nobody could end them."""
    await fill(rows)
    records, by = rows["records"], uuid4()
    keys = await keys_of(databases, organization_id, GONE)
    shredding = Shredding(organization_id, GONE, keys, by, "asked for", "2026-10-02T09:00:00Z")
    await destroy(databases, [shredding])
    await records.add(_RECIPIENT, SEALED)
    for patient_id in (GONE, KEPT):
        await records.add(_OWN_ACCOUNT, patient_id, SEALED)
        await records.add(_PERSON, patient_id, SEALED)
        await records.add(_ACCOUNT, patient_id, SEALED)

    again = await destroy(databases, [shredding])

    assert again == 0
    for table in ("patient_accounts", "related_person_accounts"):
        ended = f"select patient_id, until_at is null, ended_by from {table} order by patient_id"  # noqa: S608 - our own
        assert await records.read(ended) == [(GONE, False, by), (KEPT, True, None)]


@pytest.mark.parametrize(("kind", "reason"), [("keep", None), ("destroy", "majority")])
async def test_the_day_until_which_a_child_s_record_is_kept_goes_with_its_key_also_when_it_comes_back(
    *, databases: Mapping[str, DatabaseUrls], rows: Mapping[str, Rows], organization_id: UUID, kind: str,
    reason: str | None,
) -> None:  # fmt: skip
    """Before, it outlived the key: whoever knows the law counts back from it to the day of birth."""
    await fill(rows)
    records, closing = rows["records"], uuid4()
    await records.add(_CLOSING, closing, uuid4())
    for patient_id in (GONE, KEPT):
        await records.add(_DISPOSITION, closing, patient_id, kind, reason)
    keys = await keys_of(databases, organization_id, GONE)
    shredding = Shredding(organization_id, GONE, keys, uuid4(), "asked for", "2026-10-02T09:00:00Z")

    found = []
    for _ in range(2):
        await destroy(databases, [shredding])
        named = "select patient_id, kind, citation, keep_until::text, reason from dispositions order by patient_id"
        found.append(await records.read(named))
        # As a backup has it that is older than the list.
        await records.add("delete from dispositions where organization_id = $1 and patient_id = $2", GONE)
        await records.add(_DISPOSITION, closing, GONE, kind, reason)

    assert found == [[(GONE, kind, None, None, None), (KEPT, kind, "Synthetic Code 9-4", "2041-05-01", reason)]] * 2


async def test_the_scheduler_is_told_of_who_was_shredded_and_of_nobody_again_who_had_no_key(
    databases: Mapping[str, DatabaseUrls], rows: Mapping[str, Rows], organization_id: UUID
) -> None:
    """Before, the seats ahead of who was shredded stayed theirs."""
    await fill(rows)
    keys = await keys_of(databases, organization_id, GONE)
    shredding = Shredding(organization_id, GONE, keys, uuid4(), "asked for", "2026-10-02T09:00:00Z")
    told = f"select patient_id from record_seals where organization_id = '{organization_id}'"  # noqa: S608 - our own
    records, found = rows["records"], []

    for _ in range(2):
        await destroy(databases, [shredding])
        found.append(await records.read(told))
        await records.add("delete from record_seals where organization_id = $1")

    assert found == [[(GONE,)], []]


async def test_the_key_of_the_referral_that_became_the_patient_goes_too(
    databases: Mapping[str, DatabaseUrls], rows: Mapping[str, Rows], organization_id: UUID
) -> None:
    await fill(rows)
    before = await keys_of(databases, organization_id, GONE)
    records = rows["records"]
    await records.add(
        "insert into episodes (organization_id, id, patient_id, site_id, programme, admitted_on, taper_weeks, version,"
        " created_at) values ($1, $2, $2, $1, 'iop', '2026-10-01', '{}', 1, now())",
        GONE,
    )
    await records.add(
        "update referrals set status = 'admitted', closing = null, patient_id = $2, episode_id = $2"
        " where organization_id = $1",
        GONE,
    )
    keys = await keys_of(databases, organization_id, GONE)

    await destroy(databases, [Shredding(organization_id, GONE, keys, uuid4(), "asked for", "2026-10-02T09:00:00Z")])

    assert (len(before), len(keys)) == (3, 4)
    assert await records.read("select id from referral_keys") == []


async def test_what_was_shredded_here_is_another_s_in_no_other_organization(
    databases: Mapping[str, DatabaseUrls], rows: Mapping[str, Rows], organization_id: UUID
) -> None:
    await fill(rows)
    keys = await keys_of(databases, organization_id, GONE)
    elsewhere = Shredding(uuid4(), GONE, keys, uuid4(), "retention ended", "2026-10-02T09:00:00+00:00")

    assert await destroy(databases, [elsewhere]) == 0
    assert await keys_of(databases, elsewhere.organization_id, GONE) == ()
    assert len(await rows["records"].read("select 1 from patient_keys")) == 2


async def test_no_key_of_a_person_is_unknown_to_shredding(rows: Mapping[str, Rows]) -> None:
    for service, of in rows.items():
        tables = await of.read(_WRAPPED)
        keys = {str(table) for (table,) in tables} - {"organization_keys"}
        assert "patient_keys" in keys
        assert keys == {table for table in keys if f"from {table} " in _KEYS[service]}
        assert keys == {table for table in keys if any(f"from {table} " in one for one in _DESTROY[service])}
