"""The drill of authorization finds nothing as things are, and has teeth: with a broken decision it counts."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.http import HttpClient
from services.chassis.root_keys import RootKeys
from services.chassis.wiring import Process
from services.clients.records import RecordsClient
from services.contracts.identity import Microservice, Role
from services.operator.drill.authorization import oracle
from services.operator.drill.authorization.cells import COUNT, Cell, cell
from services.operator.drill.authorization.command import try_cells
from services.operator.drill.authorization.world import Answer, Call, Caller, Request
from services.operator.postgres.provision import DatabaseUrls
from services.policy.decisions.answer import Basis, Obligations, Permission, Scope
from services.policy.decisions.question import Question
from services.policy.matching import routes_at
from services.records import gate
from services.records.disclosures import logic
from services.records.main import build as build_records
from services.scheduler.main import build as build_scheduler
from tests.support.serving import call_in_process, nothing_to_open, served
from tests.support.tokens import LocalAuthenticator, Tokens, principal

NOW = datetime(2026, 10, 2, 12, tzinfo=UTC)
DOCUMENT = json.loads((Path(__file__).resolve().parents[3] / "docs/api/records.json").read_text())
ACCOUNTS = {relation: uuid4() for relation in ("care_team", "site", "glass")}
CELLS = 1800
FEW = 40
NO_ROUTES: Mapping[str, Any] = {"paths": {}}


Behind = Mapping[Microservice, httpx2.AsyncClient]


@pytest.fixture
async def behind(
    records_urls: DatabaseUrls, scheduler_urls: DatabaseUrls, tokens: Tokens, clock: Clock
) -> AsyncIterator[Behind]:
    """The services behind the gateway, each called by itself; the scheduler asks records as it does in a stack."""
    built = {
        Microservice.RECORDS: (build_records(nothing_to_open), records_urls),
        Microservice.SCHEDULER: (build_scheduler(nothing_to_open), scheduler_urls),
    }
    called: dict[Microservice, httpx2.AsyncClient] = {}
    async with AsyncExitStack() as stack:
        for service, (app, urls) in built.items():
            opened = OpenDatabase(urls.app, pool_size=12)
            stack.push_async_callback(opened.close)
            app.state.process = Process(clock, await opened.open(), LocalAuthenticator(tokens, service))
            app.state.root_keys = RootKeys.of(bytes(32))
            called[service] = call_in_process(app)
            stack.push_async_callback(called[service].aclose)
        records, scheduler = (app for app, _ in built.values())
        http = HttpClient(timeout_seconds=60)
        stack.push_async_callback(http.close)
        scheduler.state.records = RecordsClient(http, await stack.enter_async_context(served(records)), tokens)
        yield called


def service_of(request: Request) -> Microservice:
    # The few routes of the gateway itself that the drill tries are refused by records as by anybody.
    route = routes_at(request.path.partition("?")[0]).get(request.method)
    is_scheduler_s = route is not None and route.service is Microservice.SCHEDULER
    return Microservice.SCHEDULER if is_scheduler_s else Microservice.RECORDS


@pytest.fixture
def call(behind: Behind, tokens: Tokens, organization_id: UUID) -> Call:
    organizations: Mapping[str, UUID] = {"own": organization_id, "other": uuid4()}

    async def send(caller: Caller | None, request: Request) -> Answer:
        headers, service = {}, service_of(request)
        if caller is not None:
            who = principal(
                Role(caller.role),
                organization=organizations[caller.organization],
                account=ACCOUNTS.get(caller.relation),
            )
            headers["authorization"] = f"Bearer {tokens.internal(who, service)}"
        if request.version is not None:
            headers["if-match"] = f'"{request.version}"'
        answer = await behind[service].request(request.method, request.path, json=request.body, headers=headers)
        return Answer(answer.status_code, answer.content)

    return send


async def drill(call: Call, cells: int, document: Mapping[str, Any] = NO_ROUTES) -> dict[str, Any]:
    return await try_cells(call, ACCOUNTS, document, cells, NOW)


async def test_a_sample_of_the_matrix_is_answered_as_the_regulation_says(call: Call) -> None:
    report = await drill(call, CELLS, DOCUMENT)

    assert (report["wrong"], report["examples"]) == (0, [])
    assert report["cells"] == CELLS
    assert report["routes_covered"] == report["routes"] > 40
    assert report["permitted"] > 0


def everything(question: Question) -> Permission:
    return Permission(Basis.PATIENT_ACCESS, Obligations(Scope(question.resource.information), notice="x"))


def only(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Let the drill try cells of one kind, so that few of them suffice."""
    monkeypatch.setattr(
        "services.operator.drill.authorization.command.cell",
        lambda number: cell(number)._replace(organization="own", emergency="none", **values),
    )


async def test_a_use_that_permits_everything_is_found(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, role="counsellor", relation="none", recipient="nobody")
    monkeypatch.setattr(gate, "decide", everything)

    report = await drill(call, FEW)

    assert report["leaks"] > 0


async def test_a_disclosure_that_permits_everything_is_found(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, role="supervisor", recipient="employer", purpose="employment", form="none", order="none")
    monkeypatch.setattr(logic, "decide", everything)

    report = await drill(call, FEW)

    assert report["leaks"] > 0


async def test_a_decision_that_forgets_restrictions_is_found(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    only(
        monkeypatch,
        role="supervisor",
        recipient="treating_provider",
        purpose="treatment",
        form="general",
        information="demographics",
        condition="holds",
        restriction="granted",
    )
    monkeypatch.setattr("services.policy.decisions.outside._restricts", lambda *_: False)

    report = await drill(call, FEW)

    assert report["leaks"] > 0
    assert report["wrong"] == report["leaks"]


def test_the_matrix_names_every_cell_once_and_the_oracle_answers_all_of_a_sample() -> None:
    sample = [cell(number) for number in range(20_000)]

    assert len(set(map(cell, range(COUNT - 50, COUNT + 50)))) <= 100
    disclosed = [one for one in sample if one.recipient != "nobody"]
    assert all(isinstance(one, Cell) for one in sample)
    assert 0 < sum(map(oracle.is_disclosed, disclosed)) < len(disclosed)


def test_the_oracle_imports_nothing_of_what_it_judges() -> None:
    lines = Path(oracle.__file__).read_text().splitlines()
    imported = [line for line in lines if line.startswith(("import ", "from ")) and "services" in line]

    assert imported == ["from services.operator.drill.authorization.cells import Cell"]
