"""The drill of authorization finds nothing as things are, and has teeth: with a broken decision it counts."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI

from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.http import HttpClient
from services.chassis.root_keys import RootKeys
from services.chassis.wiring import Process
from services.clients.attendance import AttendanceClient
from services.clients.records import RecordsClient
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Microservice, Role
from services.contracts.records.encounters import AttendanceEvent
from services.operator.drill.authorization import oracle
from services.operator.drill.authorization.cells import COUNT, USES, Cell, cell, every_cell
from services.operator.drill.authorization.command import try_cells
from services.operator.drill.authorization.world import (
    ENROLLED,
    RELATIONS_WITH_ACCOUNTS,
    Answer,
    Caller,
    Request,
    World,
)
from services.operator.drill.authorization.writing import Tell
from services.operator.postgres.provision import DatabaseUrls
from services.policy.decisions.answer import Basis, Denial, Obligations, Permission, Rule, Scope
from services.policy.decisions.question import Question
from services.policy.matching import routes_at
from services.records import gate
from services.records.disclosures import logic
from services.records.main import build as build_records
from services.records.medications.storage import MedicationQueries
from services.records.patients.logic import PatientReads
from services.scheduler.main import build as build_scheduler
from tests.support.gateways import PlayedGateway
from tests.support.serving import call_in_process, nothing_to_open, served
from tests.support.tokens import LocalAuthenticator, Tokens, principal

NOW = datetime(2026, 10, 2, 12, tzinfo=UTC)
DOCUMENT = json.loads((Path(__file__).resolve().parents[3] / "docs/api/records.json").read_text())
ACCOUNTS = {relation: uuid4() for relation in RELATIONS_WITH_ACCOUNTS}
CELLS = 1800
FEW = 40
NO_ROUTES: Mapping[str, Any] = {"paths": {}}


class Behind(NamedTuple):
    """The services behind the gateway, each called by itself, and how records is told of sessions."""

    called: Mapping[Microservice, httpx2.AsyncClient]
    records: FastAPI
    tell: Tell


@pytest.fixture
async def behind(
    records_urls: DatabaseUrls, scheduler_urls: DatabaseUrls, tokens: Tokens, clock: Clock, organization_id: UUID
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
            app.state.gateway = PlayedGateway()
            called[service] = call_in_process(app)
            stack.push_async_callback(called[service].aclose)
        records, scheduler = (app for app, _ in built.values())
        http = HttpClient(timeout_seconds=60)
        stack.push_async_callback(http.close)
        url = await stack.enter_async_context(served(records))
        scheduler.state.records = RecordsClient(http, url, tokens)
        scheduling = AttendanceClient(http, url, bytes(32), clock)

        async def tell(event: AttendanceEvent) -> None:
            await scheduling.receive_attendance(OrganizationId(organization_id), event)

        yield Behind(called, records, tell)


def service_of(request: Request) -> Microservice:
    # The few routes of the gateway itself that the drill tries are refused by records as by anybody.
    route = routes_at(request.path.partition("?")[0]).get(request.method)
    is_scheduler_s = route is not None and route.service is Microservice.SCHEDULER
    return Microservice.SCHEDULER if is_scheduler_s else Microservice.RECORDS


@pytest.fixture
async def world(behind: Behind, tokens: Tokens, organization_id: UUID) -> World:
    """A clinic of the drill, its patients enrolled by a clock that was two days behind."""
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
        if request.key is not None:
            headers["idempotency-key"] = request.key
        answer = await behind.called[service].request(request.method, request.path, json=request.body, headers=headers)
        return Answer(answer.status_code, answer.content)

    accounts = {name: str(one) for name, one in ACCOUNTS.items()}
    made, going = World(send, accounts, NOW, behind.tell), behind.records.state.process
    behind.records.state.process = replace(going, clock=Clock(NOW - ENROLLED - Clock().now()))
    await made.enrol()
    behind.records.state.process = going
    return made


async def drill(world: World, cells: int, document: Mapping[str, Any] = NO_ROUTES) -> dict[str, Any]:
    return await try_cells(world, document, map(tried, count()), cells)


def tried(number: int) -> Cell:
    return cell(number)


async def test_a_sample_of_the_matrix_is_answered_as_the_regulation_says(world: World) -> None:
    report = await drill(world, CELLS, DOCUMENT)

    assert (report["wrong"], report["examples"]) == (0, [])
    assert report["cells"] == CELLS
    assert report["routes_covered"] == report["routes"] > 40
    assert report["permitted"] > 0


def everything(question: Question) -> Permission:
    return Permission(Basis.PATIENT_ACCESS, Obligations(Scope(question.resource.information), notice="x"))


def only(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Let the drill try cells of one kind, so that few of them suffice."""

    def like(number: int) -> Cell:
        one = cell(number)
        if values.get("recipient") == "nobody":
            one = one._replace(operation=USES[number % len(USES)])
        return one._replace(organization="own", emergency="none", **values)

    monkeypatch.setattr(f"{__name__}.tried", like)


async def test_a_use_that_permits_everything_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, role="counsellor", relation="none", recipient="nobody")
    monkeypatch.setattr(gate, "decide", everything)

    report = await drill(world, FEW)

    assert report["leaks"] > 0


async def test_a_disclosure_that_permits_everything_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, role="supervisor", recipient="employer", purpose="employment", form="none", order="none")
    monkeypatch.setattr(logic, "decide", everything)

    report = await drill(world, FEW)

    assert report["leaks"] > 0


async def test_a_decision_that_forgets_restrictions_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
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

    report = await drill(world, FEW)

    assert report["leaks"] > 0
    assert report["wrong"] == report["leaks"]


def test_the_matrix_names_every_cell_once_and_the_oracle_answers_all_of_a_sample() -> None:
    sample = [cell(number) for number in range(20_000)]

    assert len(set(map(cell, range(COUNT - 50, COUNT + 50)))) <= 100
    disclosed = [one for one in sample if one.recipient != "nobody"]
    assert all(isinstance(one, Cell) for one in sample)
    assert 0 < sum(map(oracle.is_disclosed, disclosed)) < len(disclosed)


async def test_a_chart_that_withholds_nothing_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, records held nothing of most parts, and so no cell could see them leak."""
    only(monkeypatch, role="front_desk", recipient="nobody", operation="read_patient_chart")
    monkeypatch.setattr("services.records.gate._first_denial", lambda *_: None)

    report = await drill(world, FEW)

    assert report["leaks"] == FEW


ONES_OWN = [("patient", "self", "read_own_record"), ("counsellor", "author", "read_counselling_note")]


@pytest.mark.parametrize(("role", "relation", "operation"), ONES_OWN)
async def test_what_is_kept_for_one_is_shown_to_that_one(
    world: World, monkeypatch: pytest.MonkeyPatch, role: str, relation: str, operation: str
) -> None:
    """Before, no cell was the patient, or the author of a note: what only they are shown was asked for by nobody."""
    only(monkeypatch, role=role, relation=relation, recipient="nobody", operation=operation)

    report = await drill(world, FEW)

    assert (report["wrong"], report["examples"], report["permitted"]) == (0, [], FEW)


async def test_an_own_record_that_is_withheld_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, role="patient", relation="self", recipient="nobody", operation="read_own_record")
    monkeypatch.setattr("services.policy.decisions.uses._decide_own_access", lambda *_: Denial(Rule.ROLE_WITHOUT_NEED))

    assert (await drill(world, FEW))["wrong"] == FEW


async def test_a_note_that_opens_to_whoever_treats_the_patient_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, role="supervisor", relation="care_team", recipient="nobody", operation="read_counselling_note")
    monkeypatch.setattr(gate, "decide", everything)

    assert (await drill(world, FEW))["leaks"] == FEW


async def test_a_part_that_holds_nothing_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, role="supervisor", recipient="nobody", operation="list_medications")
    monkeypatch.setattr(MedicationQueries, "of_patient", nothing)

    report = await drill(world, FEW)

    assert report["failures"] == {"empty": FEW}


LISTS = [name for name, screen in oracle.SCREENS.items() if screen.of_site and screen.lists]


def listing(monkeypatch: pytest.MonkeyPatch, role: str, relation: str) -> None:
    def like(number: int) -> Cell:
        operation = LISTS[number % len(LISTS)]
        values = {"role": role, "relation": relation, "recipient": "nobody", "operation": operation}
        return cell(number)._replace(organization="own", emergency="none", **values)

    monkeypatch.setattr(f"{__name__}.tried", like)


async def test_a_list_of_a_site_that_shows_everybody_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, no cell asked for a list that has the patients of a site."""
    listing(monkeypatch, "counsellor", "none")
    monkeypatch.setattr(gate.Gate, "is_open", lambda *_: True)

    assert (await drill(world, FEW))["leaks"] == FEW


async def test_a_list_of_a_site_that_leaves_out_whom_one_may_see_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing(monkeypatch, "supervisor", "none")
    monkeypatch.setattr(PatientReads, "reached", nothing)
    monkeypatch.setattr(PatientReads, "seals_at", nobody)

    assert (await drill(world, FEW))["wrong_denials"] == FEW


async def nothing(*_: object, **__: object) -> list[Any]:
    return []


async def nobody(*_: object, **__: object) -> dict[Any, Any]:
    return {}


def test_all_cells_are_each_tried_once_and_shards_are_all_of_them() -> None:
    every = list(islice(every_cell(), 300_000))
    third = [cell for place in range(3) for cell in islice(every_cell(), place, 300_000, 3)]

    assert len(set(every)) == len(every)
    assert sorted(third) == sorted(every)
    assert {one.operation for one in every} >= set(USES)


def test_every_screen_of_the_oracle_is_an_operation_of_the_cells() -> None:
    assert set(oracle.SCREENS) == set(USES)


def test_the_oracle_imports_nothing_of_what_it_judges() -> None:
    lines = Path(oracle.__file__).read_text().splitlines()
    imported = [line for line in lines if line.startswith(("import ", "from ")) and "services" in line]

    assert imported == ["from services.operator.drill.authorization.cells import Cell"]
