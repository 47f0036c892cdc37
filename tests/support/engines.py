"""The proxies that we ship configurations for, run with them: Debian's nginx, and Envoy and Traefik from PyPI."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from services.gateway.proxy.engines import Engine
from services.operator.bench.front_door import Door, deployed, free_ports, running, running_nginx
from services.operator.state import PROJECT
from services.operator.tools import debian_tool

_DEPLOY: Final = PROJECT / "deploy"


@contextmanager
def running_engine(engine: Engine, folder: Path, *, gateway: str, upstream: str, origin: str) -> Iterator[Door]:
    """Run an engine in front of a gateway, and of one service that stands for both; addresses as host:port.

    Raises:
        ToolMissingError: nginx is missing, and cannot be installed.
    """
    (port,) = free_ports(1)
    if engine is Engine.NGINX:
        program = debian_tool("nginx", "nginx-light")
        with running_nginx(program, folder, "eventide", deployed(gateway, upstream, port), port) as door:
            yield door
        return
    command = (_envoy if engine is Engine.ENVOY else _traefik)(folder, gateway, upstream, port)
    with running(command, port, {"EVENTIDE_ALLOWED_ORIGINS": json.dumps([origin])}) as door:
        yield door


def _envoy(folder: Path, gateway: str, upstream: str, port: int) -> list[str]:
    shipped: dict[str, Any] = yaml.safe_load((_DEPLOY / "envoy" / "envoy.yaml").read_text(encoding="utf-8"))
    resources = shipped["static_resources"]
    resources["listeners"][0]["address"]["socket_address"] = _address(f"127.0.0.1:{port}")
    for cluster in resources["clusters"]:
        where = gateway if cluster["name"] == "gateway" else upstream
        endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
        endpoint["address"]["socket_address"] = _address(where)
    configuration = folder / "envoy.yaml"
    configuration.write_text(yaml.safe_dump(shipped), encoding="utf-8")
    return [_program("envoy"), "-c", str(configuration), "--use-dynamic-base-id", "--concurrency", "1"]


def _traefik(folder: Path, gateway: str, upstream: str, port: int) -> list[str]:
    decision, static = folder / "decision.yaml", folder / "traefik.yaml"
    _fit("decision.yaml", decision, {"gateway:8080": gateway, "records:8080": upstream, "scheduler:8080": upstream})
    _fit("traefik.yaml", static, {'":8080"': f'"127.0.0.1:{port}"', "filename: decision.yaml": f"filename: {decision}"})
    return [_program("traefik"), f"--configFile={static}"]


def _fit(name: str, target: Path, changes: dict[str, str]) -> None:
    text = (_DEPLOY / "traefik" / name).read_text(encoding="utf-8")
    for shipped, ours in changes.items():
        assert shipped in text, shipped
        text = text.replace(shipped, ours)
    target.write_text(text, encoding="utf-8")


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _address(where: str) -> dict[str, Any]:
    host, _, port = where.rpartition(":")
    return {"address": host, "port_value": int(port)}
