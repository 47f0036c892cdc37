"""What docs/operations/degradation.md promises when a part is down."""

import os
import signal
from collections.abc import AsyncIterator

import pytest

from services.chassis.errors import UpstreamUnavailableError
from services.chassis.http import HttpAnswer, HttpClient
from services.clients.api import ApiClient
from services.operator.demo import story
from services.operator.stack import Addresses

pytestmark = pytest.mark.system


@pytest.fixture
async def stopped_records(stack: Addresses) -> AsyncIterator[None]:
    # Stopped, not killed: the supervisor would start a killed one again before the test has looked.
    os.kill(stack.pids["records"], signal.SIGSTOP)
    yield
    os.kill(stack.pids["records"], signal.SIGCONT)


async def ask(http: HttpClient, url: str, token: str) -> HttpAnswer:
    headers = {"authorization": f"Bearer {token}", "eventide-timeout-ms": "1500"}
    return await http.request("gateway", "GET", url, headers=headers)


async def test_a_service_that_hangs_is_answered_within_the_deadline_and_not_with_500(
    stack: Addresses, http: HttpClient, operator: ApiClient, stopped_records: None
) -> None:
    director, _ = await story.found_organization(operator)
    assert stopped_records is None

    answer = await ask(http, f"{stack.gateway}/v1/patients", director.token or "")

    assert answer.status in {503, 504}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_other_services_go_on_while_one_hangs(operator: ApiClient, stopped_records: None) -> None:
    assert stopped_records is None
    director, _ = await story.found_organization(operator)

    made = await story.build_clinic(director, 8)

    assert made.counsellors


async def test_a_killed_service_comes_back_and_what_was_acknowledged_is_there(
    stack: Addresses, http: HttpClient, operator: ApiClient
) -> None:
    director, _ = await story.found_organization(operator)
    made = await story.build_clinic(director, 8)

    os.kill(stack.pids["scheduler"], signal.SIGKILL)
    answers: list[HttpAnswer] = []
    while not answers or answers[-1].status != 200:
        try:
            answers.append(await ask(http, f"{stack.gateway}/v1/sites/{made.site_id}", director.token or ""))
        except UpstreamUnavailableError:
            pytest.fail("the gateway itself must answer")
        assert answers[-1].status in {200, 503, 504}
        assert len(answers) < 200

    assert str(made.site_id).encode() in answers[-1].body
