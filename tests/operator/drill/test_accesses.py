"""The drill of the trail finds each access told once, and has teeth: what is left out, repeated or changed is found."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from services.chassis import wiring
from services.chassis.audit.trail import append
from services.operator.drill.accesses import ROUTES, Access, accesses, judge
from services.operator.postgres.provision import DatabaseUrls

REQUESTS = 400
FEW = 30
READ = Access("read_patient", "a", 200)
EVENT = {"token": "1", "operation": "read_patient", "outcome": "permitted", "subjects": ["a"]}


async def test_each_access_is_told_once_and_nothing_else_is(records_urls: DatabaseUrls) -> None:
    report = await accesses(records_urls, REQUESTS, seed=7)

    assert (report["wrong"], report["examples"]) == (0, [])
    assert report["events"] == report["permitted"] + report["denied"]
    assert report["requests"] == report["events"] + report["refused_by_role"]
    assert report["requests"] > REQUESTS
    assert report["operations"] == len(ROUTES) + 3
    assert min(report["permitted"], report["denied"], report["refused_by_role"]) > 0


async def test_a_trail_that_writes_twice_is_found(records_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    async def twice(connection: Any, key: bytes, organization_id: UUID, events: Sequence[str], **how: Any) -> None:
        await append(connection, key, organization_id, [*events, *events], **how)

    monkeypatch.setattr(wiring, "append", twice)

    report = await accesses(records_urls, FEW, seed=7)

    assert report["faults"]["repeated"] == report["permitted"] + report["denied"] > 0


async def test_a_trail_that_forgets_refusals_is_found(
    records_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def only_what_was_permitted(
        connection: Any, key: bytes, organization_id: UUID, events: Sequence[str], **how: Any
    ) -> None:
        kept = [event for event in events if '"outcome":"denied"' not in event]
        await append(connection, key, organization_id, kept, **how)

    monkeypatch.setattr(wiring, "append", only_what_was_permitted)

    report = await accesses(records_urls, FEW, seed=7)

    assert set(report["faults"]) == {"missing"}
    assert 0 < report["faults"]["missing"] <= report["denied"]


@pytest.mark.parametrize(
    ("asked", "events", "faults"),
    [
        ({"1": READ}, [EVENT], {}),
        ({"1": READ}, [], {"missing": 1}),
        ({"1": READ}, [EVENT, EVENT], {"repeated": 1}),
        ({"1": READ}, [EVENT | {"subjects": ["b"]}], {"misnamed": 1}),
        ({"1": READ}, [EVENT | {"subjects": ["a", "b"]}], {"misnamed": 1}),
        ({"1": READ}, [EVENT | {"operation": "list_notes"}], {"misnamed": 1}),
        ({"1": READ}, [EVENT | {"outcome": "denied"}], {"misnamed": 1}),
        ({"1": READ}, [EVENT, EVENT | {"token": "2"}], {"of_nobody": 1}),
        ({"1": READ._replace(status=404)}, [EVENT | {"outcome": "denied"}], {}),
        ({"1": READ._replace(status=404)}, [EVENT], {"misnamed": 1}),
        ({"1": READ._replace(status=404)}, [], {"missing": 1}),
        ({"1": READ._replace(status=404, may_be_absent=True)}, [EVENT], {}),
        ({"1": READ._replace(status=404, may_be_absent=True)}, [], {"missing": 1}),
        ({"1": READ._replace(status=403)}, [], {}),
        ({"1": READ._replace(status=403)}, [EVENT], {"told_without_access": 1}),
        ({"1": READ._replace(status=500)}, [], {"status_500": 1}),
        ({"1": READ._replace(status=504)}, [], {}),
        ({"1": READ._replace(status=504)}, [EVENT], {}),
        ({"1": READ._replace(status=504)}, [EVENT, EVENT], {"repeated": 1}),
    ],
)
def test_what_differs_is_told_apart(
    asked: dict[str, Access], events: list[dict[str, Any]], faults: dict[str, int]
) -> None:
    assert dict(judge(asked, events).faults) == faults
