"""`bench gateway`: what a request costs through nginx alone, through us, and through nginx asking us.

All three carry the same 2 kB answer of the same backend to the same load generator, over many connections and over one,
in short rounds that take turns, so that what else the machine does falls on each. nginx alone checks nothing; it is the
yardstick. What the check of a token costs by itself is measured beside it.
"""

import argparse
import json
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

from services.operator.bench.cpu import tree_seconds
from services.operator.bench.timing import machine
from services.operator.bench.token_check import token_check
from services.operator.environment import plain_environment
from services.operator.errors import OperatorError
from services.operator.lifecycle import say
from services.operator.processes import die_with_parent
from services.operator.state import PROJECT
from services.operator.tools import debian_tool

_POLL_SECONDS: Final = 0.02
_HOST: Final = "127.0.0.1"
_PATH: Final = "/v1/patients"
_ANSWER_BYTES: Final = 2048
_CONNECTIONS: Final = 32
_NOT_NGINX: Final = ("embedded", "authz")
# On a busy machine an answer may be late; what is counted is CPU, and nothing may be left out of it.
_PATIENCE: Final = "30s"
_CONFIGURATION: Final = PROJECT / "deploy" / "nginx" / "nginx.conf"
_MICROSECONDS: Final = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 6e7}
_READY_TRIES: Final = 100
_ROUND_TRIES: Final = 3

_BACKEND: Final = """
worker_processes 1; pid backend.pid; error_log stderr warn;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000;
  server {{ listen {port}; default_type application/json; location / {{ return 200 '{answer}'; }} }} }}
"""
_PLAIN: Final = """
worker_processes 1; pid plain.pid; error_log stderr warn;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 1000000;
  upstream backend {{ server {backend}; keepalive 64; keepalive_requests 1000000; }}
  server {{ listen {port}; location / {{ proxy_pass http://backend; proxy_http_version 1.1;
    proxy_set_header Connection ""; }} }} }}
"""


class BenchFailedError(OperatorError):
    """What was to be measured does not run."""


class Door(NamedTuple):
    """One way in, and the processes that a request costs."""

    url: str
    pids: tuple[int, ...]


class _Round(NamedTuple):
    """What one round of load measured; microseconds, and requests a second."""

    cpu_us: float
    rps: float
    p50_us: float
    p99_us: float


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return for each door the medians over the rounds; those at one connection apart."""
    wrk = debian_tool("wrk", "wrk")
    with doors() as (ways, token):
        rounds: dict[int, dict[str, list[_Round]]] = {
            connections: {name: [] for name in ways} for connections in (_CONNECTIONS, 1)
        }
        for number in range(arguments.rounds + 1):
            for connections, of in rounds.items():
                for name, door in ways.items():
                    measured = _load(wrk, door, token, arguments.seconds, connections)
                    if number:  # the first warms up
                        of[name].append(measured)
    many, alone = ({name: _medians(each) for name, each in of.items()} for of in rounds.values())
    about = {"connections": _CONNECTIONS, "answer_bytes": _ANSWER_BYTES, "rounds": arguments.rounds}
    return (
        many
        | _ratios(many)
        | {"one_connection": alone, "added_us": _added(alone), "token_check_us": token_check()}
        | about
        | {"machine": machine()}
    )


def _ratios(figures: Mapping[str, Mapping[str, float]]) -> dict[str, float | None]:
    """Return what each way takes of the processor and carries a second, as multiples of what nginx alone does.

    None where nginx took less than the kernel counts.
    """
    return {
        f"{name}_to_nginx_{what}": round(figures[name][field] / yardstick, 2) if yardstick else None
        for name in _NOT_NGINX
        for what, field in (("cpu", "cpu_us"), ("rps", "rps"))
        for yardstick in (figures["nginx"][field],)
    }


def _added(alone: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return by how much the median answer comes later than nginx's, where one connection waits for each."""
    return {name: round(alone[name]["p50_us"] - alone["nginx"]["p50_us"], 1) for name in _NOT_NGINX}


def table(figures: Mapping[str, Any]) -> str:
    """Word the figures for a person."""
    alone, check = figures["one_connection"], figures["token_check_us"]
    return "\n".join(
        [
            *_lines(f"{figures['connections']} at once", figures),
            *_lines("one", alone),
            "added at one connection: " + ", ".join(f"{name} {us} us" for name, us in figures["added_us"].items()),
            "the check of a token: " + ", ".join(f"{name} {us} us" for name, us in check.items()),
            figures["machine"],
        ]
    )


def _lines(title: str, figures: Mapping[str, Any]) -> Sequence[str]:
    ways = [(name, figures[name]) for name in ("nginx", *_NOT_NGINX)]
    return [
        f"{title:<12}{'CPU us':>9}{'rps':>9}{'p50 us':>9}{'p99 us':>9}",
        *(f"{name:<12}{of['cpu_us']:>9}{of['rps']:>9}{of['p50_us']:>9}{of['p99_us']:>9}" for name, of in ways),
    ]


@contextmanager
def doors() -> Iterator[tuple[dict[str, Door], str]]:
    """Run the backend, the gateway and both nginxes; yields the ways in by name, and a token that opens them.

    Raises:
        ToolMissingError: nginx is missing, and cannot be installed.
        BenchFailedError: One of them does not answer as it should.
    """
    nginx = debian_tool("nginx", "nginx-light")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="eventide-doors-")))
        backend, plain, asking = free_ports(3)
        answer = json.dumps({"items": ["x" * 61] * 32})[:_ANSWER_BYTES].ljust(_ANSWER_BYTES)
        stack.enter_context(running_nginx(nginx, folder, "backend", _BACKEND.format(port=backend, answer=answer)))
        upstream = f"{_HOST}:{backend}"
        gateway, token = stack.enter_context(_gateway(f"http://{upstream}"))
        ways = {
            "nginx": stack.enter_context(
                running_nginx(nginx, folder, "plain", _PLAIN.format(port=plain, backend=upstream), plain)
            ),
            "embedded": gateway,
        }
        text = deployed(gateway.url.removeprefix("http://"), upstream, asking)
        authz = stack.enter_context(running_nginx(nginx, folder, "asking", text, asking))
        ways["authz"] = Door(authz.url, (*authz.pids, *gateway.pids))
        for door in ways.values():
            _wait_until_it_answers(door.url, token)
        yield ways, token


def deployed(gateway: str, upstream: str, port: int) -> str:
    """Return the configuration that we ship, for these addresses and one worker, as the other doors have.

    Raises:
        BenchFailedError: The configuration has changed so that it cannot be fitted.
    """
    text = _CONFIGURATION.read_text(encoding="utf-8")
    for shipped, ours in (
        ("server gateway:8080", f"server {gateway}"),
        ("server records:8080", f"server {upstream}"),
        ("server scheduler:8080", f"server {upstream}"),
        ("listen 8080", f"listen {port}"),
        ("worker_processes auto", "worker_processes 1"),
    ):
        if shipped not in text:
            raise BenchFailedError(f"{_CONFIGURATION} has no `{shipped}` any more.")
        text = text.replace(shipped, ours)
    return text


@contextmanager
def running_nginx(program: str, folder: Path, name: str, text: str, port: int = 0) -> Iterator[Door]:
    """Run nginx with a configuration that keeps to a folder; yields where it answers."""
    configuration = folder / f"{name}.conf"
    # Worker processes stay with the user who measures, and write nowhere else.
    paths = "".join(f"{kind}_temp_path {folder}/{name}-{kind};\n" for kind in ("proxy", "client_body", "fastcgi"))
    paths += "".join(f"{kind}_temp_path {folder}/{name}-{kind};\n" for kind in ("uwsgi", "scgi"))
    configuration.write_text(text.replace("http {", "http {\n" + paths, 1), encoding="utf-8")
    command = [program, "-p", str(folder), "-c", str(configuration), "-g", "daemon off; user root;"]
    with running(command, port) as door:
        yield door


@contextmanager
def running(command: list[str], port: int, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[Door]:
    """Run a proxy, which is told these settings besides; yields where it answers once it listens.

    Raises:
        BenchFailedError: It ends instead.
    """
    with _process(command, settings=settings) as process:
        if port:
            _wait_until_it_listens(process, port)
        yield Door(f"http://{_HOST}:{port}", (process.pid,))


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int) -> None:
    while process.poll() is None:
        try:
            socket.create_connection((_HOST, port), timeout=1).close()
        except OSError:
            time.sleep(_POLL_SECONDS)
        else:
            return
    raise BenchFailedError("The proxy does not start.")


@contextmanager
def _gateway(upstream: str) -> Iterator[tuple[Door, str]]:
    with socket.create_server((_HOST, 0), backlog=2048) as listener:
        descriptor, port = listener.fileno(), listener.getsockname()[1]
        command = [sys.executable, "-m", "services.operator.bench.gateway_process", str(descriptor), upstream]
        with _process(command, descriptors=(descriptor,), output=subprocess.PIPE) as process:
            line = process.stdout.readline() if process.stdout is not None else b""
            if not line:
                raise BenchFailedError("The gateway does not start.")
            yield Door(f"http://{_HOST}:{port}", (process.pid,)), json.loads(line)


@contextmanager
def _process(
    command: list[str],
    *,
    descriptors: tuple[int, ...] = (),
    output: int = subprocess.DEVNULL,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        cwd=PROJECT,
        env=plain_environment() | dict(settings),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.DEVNULL,
        pass_fds=descriptors,
        preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - the kernel's request must be made in the child
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on now."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.create_server((_HOST, 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in held]


def _wait_until_it_answers(url: str, token: str) -> None:
    request = Request(url + _PATH, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - our own loopback address
    why = ""
    for _ in range(_READY_TRIES):
        try:
            with urlopen(request, timeout=5) as answer:  # noqa: S310 - as above
                if len(answer.read()) == _ANSWER_BYTES:
                    return
        except (URLError, OSError) as error:
            why = str(error)
            _pause()
    raise BenchFailedError(f"{url} does not answer: {why}.")


def _pause() -> None:
    signal.sigtimedwait([], 0.1)


def _load(wrk: str, door: Door, token: str, seconds: int, connections: int) -> _Round:
    """Measure one round; again where an answer was missing, for what the others cost would be told wrongly."""
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", _PATIENCE]
    command += ["-H", f"Authorization: Bearer {token}", door.url + _PATH]
    said = ""
    for _ in range(_ROUND_TRIES):
        before = sum(map(tree_seconds, door.pids))
        said = subprocess.run(command, env=plain_environment(), capture_output=True, text=True, check=True).stdout
        spent = sum(map(tree_seconds, door.pids)) - before
        if "Non-2xx" not in said and "Socket errors" not in said:
            return _read_round(said, spent)
        say(f"{door.url} did not answer every request:\n{said}")
    raise BenchFailedError(f"{door.url} did not answer every request:\n{said}")


def _read_round(said: str, spent: float) -> _Round:
    requests = int(_said(said, r"(\d+) requests in", str))
    return _Round(
        1e6 * spent / requests,
        float(_said(said, r"Requests/sec:\s+([\d.]+)", str)),
        _said(said, r"50%\s+([\d.]+)(us|ms|s|m)", _microseconds),
        _said(said, r"99%\s+([\d.]+)(us|ms|s|m)", _microseconds),
    )


def _said(text: str, pattern: str, read: Callable[..., Any]) -> Any:
    found = re.search(pattern, text)
    if found is None:
        raise BenchFailedError(f"The load generator says something else:\n{text}")
    return read(*found.groups())


def _microseconds(number: str, unit: str) -> float:
    return float(number) * _MICROSECONDS[unit]


def _medians(rounds: list[_Round]) -> dict[str, float]:
    return {name: round(statistics.median(getattr(one, name) for one in rounds), 1) for name in _Round._fields}
