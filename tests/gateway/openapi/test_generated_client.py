"""A client that other teams generate of the committed document, by a generator of theirs."""

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest

from services.contracts.identity import Role
from services.gateway.openapi.documents import FOLDER
from services.gateway.openapi.merging import operations_of
from tests.gateway.conftest import PASSWORD, NewAccount

DOCUMENT, CONFIGURATION = FOLDER / "eventide.json", FOLDER / "python-client.yaml"


@pytest.fixture(scope="module")
def merged() -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(DOCUMENT.read_bytes())
    return document


def generate(document: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    package = folder / "eventide_client"
    return subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none"),
            *("--path", str(document), "--config", str(CONFIGURATION), "--output-path", str(package)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def eventide_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("client")
    generated = generate(DOCUMENT, folder)
    assert generated.returncode == 0, generated.stdout + generated.stderr
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("eventide_client")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "eventide_client"]:
            del sys.modules[name]


@pytest.fixture
async def of_a_stranger(eventide_client: ModuleType, gateway_url: str) -> AsyncIterator[Any]:
    client = eventide_client.Client(base_url=gateway_url)
    async with client:
        yield client


def operation(name: str) -> Any:
    return importlib.import_module(f"eventide_client.api.{name}".rstrip("."))


def model(name: str) -> Any:
    return getattr(importlib.import_module("eventide_client.models"), name)


@pytest.mark.usefixtures("eventide_client")
def test_81_each_operation_and_each_schema_is_one_of_the_client(merged: dict[str, Any]) -> None:
    rooms = [operation(room.name) for room in pkgutil.iter_modules(operation("").__path__)]
    made = {one.name for room in rooms for one in pkgutil.iter_modules(room.__path__)}

    assert made == {one["operationId"] for _, _, one in operations_of(merged)}
    assert len(importlib.import_module("eventide_client.models").__all__) >= len(merged["components"]["schemas"])


async def test_81_a_generated_client_signs_in_reads_and_understands_a_refusal(
    eventide_client: ModuleType, of_a_stranger: Any, new_account: NewAccount, gateway_url: str
) -> None:
    account = await new_account(email="ada@example.org", roles=(Role.ORGANIZATION_ADMIN,))
    sign_in, request = operation("login.create_login_session"), model("LoginRequest")

    refused = await sign_in.asyncio(client=of_a_stranger, body=request(email="ada@example.org", password="wrong" * 4))
    session = await sign_in.asyncio(client=of_a_stranger, body=request(email="ada@example.org", password=PASSWORD))
    own = eventide_client.AuthenticatedClient(base_url=gateway_url, token=session.access_token)
    async with own:
        found = await operation("accounts.list_accounts").asyncio(session.organization_id, client=own)

    assert isinstance(refused, model("ProblemDetails"))
    assert refused.type_ == "urn:eventide:problem:credentials-refused"
    assert isinstance(session, model("LoginSession"))
    assert [str(one.id) for one in found.items] == [account["id"]]
    assert found.items[0].roles == [model("Role").ORGANIZATION_ADMIN]


def test_a_document_that_a_generator_cannot_read_fails(tmp_path: Path, merged: dict[str, Any]) -> None:
    # Bug: two enumerations of one title were one name to the generator, which left out fourteen operations.
    planted = {**merged, "components": {**merged["components"]}}
    planted["components"]["schemas"] = {
        **merged["components"]["schemas"],
        "SchedulerNoticeChannel": {**merged["components"]["schemas"]["SchedulerNoticeChannel"], "title": "Role"},
    }
    document = tmp_path / "planted.json"
    document.write_bytes(orjson.dumps(planted))

    generated = generate(document, tmp_path)

    assert generated.returncode != 0
    assert "conflicting enums named Role" in generated.stdout + generated.stderr
