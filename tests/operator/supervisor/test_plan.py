import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.operator.postgres.credentials import SERVICES
from services.operator.postgres.provision import DatabaseUrls
from services.operator.supervisor.children import ChildSpec
from services.operator.supervisor.plan import (
    PortTakenError,
    StackOptions,
    child_specs,
    endpoints_of,
    listening,
)

DATABASES = {service: DatabaseUrls(owner=f"owner-of-{service}", app=f"app-of-{service}") for service in SERVICES}


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def specs(tmp_path: Path, cleanup: ExitStack) -> dict[str, ChildSpec]:
    listeners = cleanup.enter_context(listening(0))
    options = StackOptions(tmp_path, port=0, workers=2, clock_offset=-3.5)
    return {spec.name: spec for spec in child_specs(options, listeners, DATABASES, lock=99)}


def test_options_survive_the_way_to_the_supervisor(tmp_path: Path) -> None:
    options = StackOptions(tmp_path, "postgresql://boss:secret@db/postgres", 8700, 3, 1.5, 500.0)

    assert StackOptions.load(options.dump()) == options


def test_there_is_a_child_for_each_service_and_worker(specs: dict[str, ChildSpec]) -> None:
    assert set(specs) == {*SERVICES, "worker-1", "worker-2"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_knows_its_own_database_only_and_never_as_owner(specs: dict[str, ChildSpec], service: str) -> None:
    told = set(specs[service].environment.values())

    assert f"app-of-{service}" in told
    assert not told & {f"app-of-{other}" for other in SERVICES if other != service}
    assert not told & {urls.owner for urls in DATABASES.values()}


def test_keys_go_to_the_service_that_uses_them(specs: dict[str, ChildSpec]) -> None:
    holders = {
        setting: {name for name, spec in specs.items() if setting in spec.environment}
        for setting in (
            "EVENTIDE_SIGNING_KEYS_DIRECTORY",
            "EVENTIDE_SEALING_KEY_FILE",
            "EVENTIDE_ROOT_KEY_FILE",
            "EVENTIDE_CHECKPOINT_KEY_FILE",
        )
    }

    assert holders == {
        "EVENTIDE_SIGNING_KEYS_DIRECTORY": {"gateway"},
        "EVENTIDE_SEALING_KEY_FILE": {"gateway"},
        "EVENTIDE_CHECKPOINT_KEY_FILE": {"gateway", "records"},
        "EVENTIDE_ROOT_KEY_FILE": {"records", "scheduler", "worker-1", "worker-2"},
    }


def test_nothing_of_the_callers_environment_but_the_plain_reaches_a_child(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cleanup: ExitStack
) -> None:
    monkeypatch.setenv("EVENTIDE_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    listeners = cleanup.enter_context(listening(0))

    for spec in child_specs(StackOptions(tmp_path), listeners, DATABASES, lock=99):
        assert "secret" not in spec.environment.values()
        assert "DEBUG" not in spec.environment.values()


def test_every_child_is_told_the_same_addresses_and_clock(specs: dict[str, ChildSpec]) -> None:
    shared = {
        (
            spec.environment["EVENTIDE_GATEWAY_URL"],
            spec.environment["EVENTIDE_RECORDS_URL"],
            spec.environment["EVENTIDE_SCHEDULER_URL"],
            spec.environment["EVENTIDE_CLOCK_OFFSET_SECONDS"],
        )
        for spec in specs.values()
    }

    assert len(shared) == 1
    assert next(iter(shared))[3] == "-3.5"


def test_the_gateway_stops_first_then_the_workers_then_what_they_use(
    specs: dict[str, ChildSpec],
) -> None:
    order = sorted(specs, key=lambda name: specs[name].stop_order)

    assert order[0] == "gateway"
    assert set(order[1:3]) == {"worker-1", "worker-2"}
    assert specs["worker-1"].orphan_signal is signal.SIGKILL


def test_listeners_are_on_loopback(cleanup: ExitStack) -> None:
    listeners = cleanup.enter_context(listening(0))

    assert {listener.getsockname()[0] for listener in listeners.values()} == {"127.0.0.1"}
    assert len(set(endpoints_of(listeners))) == 3


def test_a_port_asked_for_and_taken_is_refused(cleanup: ExitStack) -> None:
    taken = cleanup.enter_context(socket.create_server(("127.0.0.1", 0)))

    with pytest.raises(PortTakenError, match="--port"):
        cleanup.enter_context(listening(taken.getsockname()[1]))


def test_the_usual_port_is_given_up_when_it_is_taken(cleanup: ExitStack) -> None:
    first = cleanup.enter_context(listening(None))
    second = cleanup.enter_context(listening(None))

    assert endpoints_of(first).gateway != endpoints_of(second).gateway
