from collections.abc import AsyncIterator
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.operator.drill.tamper import _is_noticed, _verified, _write_trail, tamper
from services.operator.drill.tampering import TAMPERINGS, Trail
from services.operator.postgres.provision import DatabaseUrls

WITHOUT_CHECKPOINT = {"truncate", "delete_a_lane", "delete_and_hash_anew", "reorder_and_hash_anew"}


@pytest.fixture
async def owner(records_urls: DatabaseUrls, organization_id: UUID) -> AsyncIterator[Any]:
    await _write_trail(records_urls.app, organization_id)
    connection = await asyncpg.connect(records_urls.owner)
    yield connection
    await connection.close()


async def test_every_tampering_is_found_and_nothing_is_cried_without_one(records_urls: DatabaseUrls) -> None:
    report = await tamper(records_urls, 2 * len(TAMPERINGS), seed=7)

    assert (report["tampered"], report["found"]) == (28, 28)
    assert report["false_alarms"] == 0
    assert set(report["by_kind"]) == {name for name, _ in TAMPERINGS}


@pytest.mark.parametrize("seed", range(4))
async def test_what_only_a_checkpoint_can_find_is_missed_without_one(
    owner: Any, organization_id: UUID, seed: int
) -> None:
    missed = {
        name
        for name, tampering in TAMPERINGS
        if not await _is_noticed(owner, Trail(owner, organization_id, Random(seed)), tampering, {})  # noqa: S311 - it only chooses what to try
    }

    assert missed == WITHOUT_CHECKPOINT


async def test_a_tampering_is_undone_before_the_next(owner: Any, organization_id: UUID) -> None:
    before = await _verified(owner, organization_id, {})
    await _is_noticed(owner, Trail(owner, organization_id, Random(2)), TAMPERINGS[0][1], before.heads)  # noqa: S311 - as above

    assert (await _verified(owner, organization_id, before.heads)).findings == []
