import argparse
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from services.chassis.clock import Clock
from services.chassis.settings import ServiceSettings
from services.chassis.tokens import (
    ACCESS_AUDIENCE,
    InvalidTokenError,
    KeyRing,
    TokenType,
    TokenVerifier,
)
from services.contracts.identity import Role
from services.operator import checks
from services.operator.__main__ import main
from services.operator.bench.instances import generated
from services.operator.keys import ensure_keys
from services.operator.state import PROJECT, StateFolder
from services.operator.token_command import mint

ORGANIZATION = UUID(int=7)


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    state = StateFolder(tmp_path / "state")
    state.make()
    return state


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["up", "--port", "minus"],
        ["up", "--workers", "-1"],
        ["up", "--clock", "teatime"],
        ["token"],
        ["token", "--role", "emperor"],
        ["token", "--role", "auditor"],
        ["token", "--role", "platform_operator", "--ttl", "0"],
        ["token", "--role", "platform_operator", "--ttl", "86401"],
        ["token", "--role", "auditor", "--organization", "not-an-id"],
        ["solve", "only-one.json"],
        ["demo", "--week", "someday"],
        ["drill", "checklist", "--rounds", "0"],
        ["drill", "draws", "--n", "1"],
        ["drill", "races", "--n", "0"],
        ["drill", "tamper", "--n", "0"],
        ["drill", "accesses", "--n", "0"],
        ["drill", "authorization", "--cells", "0"],
    ],
)
def test_a_usage_error_ends_with_2_and_an_explanation(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = main(arguments)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1

    assert status == 2
    assert capsys.readouterr().err


def test_a_refusal_ends_with_1_and_one_sentence(state: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--state", str(state.root)]) == 1

    output = capsys.readouterr()
    assert output.out == ""
    assert "./eventide up" in output.err


def test_a_database_server_that_is_away_is_said_without_its_password(
    state: StateFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    dsn = "postgresql://boss:hush@127.0.0.1:1/postgres"

    assert main(["migrate", "--state", str(state.root), "--database-url", dsn]) == 1

    said = capsys.readouterr().err
    assert "The database server refuses" in said
    assert "hush" not in said


def test_databases_are_made_before_there_are_keys(home: Path) -> None:
    assert main(["migrate", "--state", str(home / "state")]) == 0

    assert not StateFolder(home / "state").root_key.exists()


def test_down_where_nothing_runs_is_no_error(state: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "--state", str(state.root), "--json"]) == 0

    assert capsys.readouterr().out == '{"stopped": false}\n'


def test_help_imports_nothing_that_it_does_not_need() -> None:
    code = (
        "import sys; from services.operator.__main__ import main\n"
        "try: main(['--help'])\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )

    answer = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)

    loaded = {module.partition(".")[0] for module in answer.stderr.split()}
    assert not loaded & {"pydantic", "asyncpg", "sqlalchemy", "alembic", "ortools", "fastapi"}


def verifier() -> TokenVerifier:
    return TokenVerifier(
        issuer=ServiceSettings.model_fields["issuer"].default,
        audience=ACCESS_AUDIENCE,
        token_type=TokenType.ACCESS,
        clock=Clock(),
    )


def test_a_token_is_one_that_the_gateway_takes(state: StateFolder, capsys: pytest.CaptureFixture[str]) -> None:
    ensure_keys(state, Clock())
    arguments = ["--role", "nurse", "--role", "lab", "--organization", str(ORGANIZATION)]

    assert main(["token", "--state", str(state.root), *arguments, "--ttl", "60"]) == 0

    claims = verifier().verify(capsys.readouterr().out.strip(), KeyRing.from_directory(state.signing_keys))
    assert claims.roles == {Role.NURSE, Role.LAB}
    assert claims.org == ORGANIZATION
    assert claims.exp - claims.iat == 60


def test_a_token_follows_the_clock_of_the_services(state: StateFolder) -> None:
    ensure_keys(state, Clock())
    roles = frozenset({Role.PLATFORM_OPERATOR})

    token = mint(state.secrets, roles, offset=timedelta(days=-2))

    with pytest.raises(InvalidTokenError):
        verifier().verify(token, KeyRing.from_directory(state.signing_keys))


def test_no_token_is_made_for_an_installation_on_a_server_of_its_own(
    state: StateFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    ensure_keys(state, Clock())
    state.external_database.touch()

    assert main(["token", "--state", str(state.root), "--role", "platform_operator"]) == 1

    output = capsys.readouterr()
    assert output.out == ""
    assert "--database-url" in output.err


@pytest.fixture
def shell_checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two checks, the first of which fails, in place of the project's."""
    for name, status in (("first", 3), ("second", 0), ("pytest", 0)):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/ran\nexit {status}\n')
        program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(checks, "CHECKS", (("first",), ("second", "--strict")))
    return tmp_path / "ran"


def test_one_failing_check_fails_the_run_and_hides_no_other(
    shell_checks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checks.run(argparse.Namespace(pytest_arguments=[])) == 1

    assert shell_checks.read_text() == "first\nsecond --strict\n"
    assert "failed (3)" in capsys.readouterr().err


def test_arguments_go_to_pytest_alone_even_options(shell_checks: Path) -> None:
    assert main(["test", "-k", "this or that", "tests/operator", "--", "-x"]) == 0

    assert shell_checks.read_text().startswith("pytest -k this or that tests/operator")


def test_a_solve_that_ends_by_its_work_gives_the_same_week_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    instance, weeks = tmp_path / "instance.json", []
    instance.write_text(json.dumps(generated(8, 0)))
    for name in ("one", "other"):
        out = tmp_path / name
        limits = ["--work-limit", "0.2", "--time-limit", "29", "--workers", "1", "--seed", "3"]
        assert main(["solve", str(instance), str(out), *limits, "--json"]) == 0
        week = json.loads(out.read_text())
        weeks.append({member: value for member, value in week.items() if member != "seconds"})
        assert json.loads(capsys.readouterr().out)["seconds"] < 29

    assert weeks[0] == weeks[1]


@pytest.mark.parametrize("content", [None, "not json", "{}"])
def test_an_instance_that_cannot_be_solved_is_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    instance, out = tmp_path / "instance.json", tmp_path / "out.json"
    if content is not None:
        instance.write_text(content)

    assert main(["solve", str(instance), str(out), "--json"]) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("eventide: cannot solve:")
    assert not out.exists()
