"""From a method and a canonical path to the route it means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.policy.route import Route
from services.policy.routes import ROUTES


@dataclass(slots=True)
class _Node:
    """One segment of the path tree; a `{parameter}` segment keeps the `:verb` or `.extension` that may follow it."""

    literal: dict[str, "_Node"] = field(default_factory=dict)
    parameter: dict[str, "_Node"] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)


def _grow(routes: tuple[Route, ...]) -> _Node:
    root = _Node()
    for route in routes:
        node = root
        for segment in route.path.strip("/").split("/"):
            if segment.startswith("{"):
                node = node.parameter.setdefault(segment.partition("}")[2], _Node())
            else:
                node = node.literal.setdefault(segment, _Node())
        node.routes[route.method] = route
    return root


_ROOT: Final = _grow(ROUTES)


def routes_at(path: str) -> Mapping[str, Route]:
    """Return the routes of a path by method; empty where nothing is.

    `path` is canonical: it starts with one slash, and has no dot segment, empty segment, query or escape.
    """
    node: _Node | None = _ROOT
    for segment in path[1:].split("/"):
        if node is None:
            return {}
        step = node.literal.get(segment)
        if step is None and segment:
            step = _parameter(node, segment)
        node = step
    return node.routes if node is not None else {}


def _parameter(node: _Node, segment: str) -> _Node | None:
    """Follow a segment that is a parameter, with the `:verb` or the `.extension` that the routes here know."""
    for ending, step in node.parameter.items():
        if ending.startswith(".") and segment.endswith(ending) and len(segment) > len(ending):
            return step
    value, colon, verb = segment.partition(":")
    return node.parameter.get(colon + verb) if value else None
