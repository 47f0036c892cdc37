"""What cannot be run without a container engine is at least what it says it is."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.operator.__main__ import _parser

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = sorted(set(COMPOSE["services"]) - {"database"})


def test_there_are_a_database_three_services_a_worker_and_a_migration() -> None:
    assert set(COMPOSE["services"]) == {"database", "migration", "gateway", "records", "scheduler", "worker"}


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_that_eventide_has(name: str) -> None:
    parsed = _parser().parse_args(COMPOSE["services"][name]["command"])

    assert parsed.answered_by.startswith("services.operator.")


@pytest.mark.parametrize("name", OURS)
def test_containers_have_no_privilege_and_no_writable_root(name: str) -> None:
    service = COMPOSE["services"][name]

    assert service["user"] == "10001:10001"
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", ["gateway", "records", "scheduler", "database"])
def test_what_serves_is_watched(name: str) -> None:
    assert COMPOSE["services"][name]["healthcheck"]["test"][0] == "CMD"


def test_only_the_gateway_is_published_and_only_to_this_machine() -> None:
    published = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}

    assert published == {"gateway": ["127.0.0.1:8600:8080"]}


def test_no_password_is_written_down_or_shown_in_a_process_list() -> None:
    text = (ROOT / "compose.yaml").read_text()

    assert "POSTGRES_PASSWORD:?" in text
    assert not any("PASSWORD" in part for name in OURS for part in COMPOSE["services"][name]["command"])
