"""How deep the JSON of a body may be: as deep as its route says, in every service."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.json_body import TooDeepError, strict_json
from services.contracts.identity import Role
from services.policy.route import DEEPEST_BODY
from tests.conftest import ClientFactory

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=30,
)


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@given(value=JSON, deepest=st.integers(0, 6), indent=st.sampled_from([None, 1]), ascii_only=st.booleans())
def test_what_is_as_deep_as_may_be_is_read_and_nothing_deeper(
    *, value: Any, deepest: int, indent: int | None, ascii_only: bool
) -> None:
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()

    if depth_of(value) <= deepest:
        assert strict_json(body, deepest=deepest) == value
    else:
        with pytest.raises(TooDeepError):
            strict_json(body, deepest=deepest)


@pytest.mark.parametrize(
    "text", ["[" * 40, "{" * 40, "\\" * 40 + "[" * 40, '"' + "[" * 40, '"\\"' + "[" * 40 + '"', "]" * 40 + "[" * 40]
)
def test_brackets_in_a_string_are_no_levels(text: str) -> None:
    assert strict_json(json.dumps([text]).encode(), deepest=1) == [text]


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000, b"]" * 9 + b"[" * 100_000, b'["' + b"\\" * 99_999]
)
def test_no_body_exhausts_the_reader(body: bytes) -> None:
    with pytest.raises((TooDeepError, json.JSONDecodeError)):
        strict_json(body)


def nested(levels: int) -> bytes:
    return b'{"name":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


async def _statuses(client: httpx2.AsyncClient, path: str) -> list[int]:
    headers = {"content-type": "application/json"}
    bodies = [nested(DEEPEST_BODY), nested(DEEPEST_BODY + 1)]
    return [(await client.post(path, content=body, headers=headers)).status_code for body in bodies]


async def test_records_reads_no_deeper_body(records: ClientFactory) -> None:
    assert await _statuses(records(Role.FRONT_DESK), "/v1/patients") == [422, 400]


async def test_the_scheduler_reads_no_deeper_body(scheduler: ClientFactory) -> None:
    assert await _statuses(scheduler(Role.FRONT_DESK), "/v1/solves") == [422, 400]
