"""The grammar of SMART App Launch 2.2 scopes for resources, versions 1 and 2, and the algebra that follows from it.

Everything here is pure. What does not parse is no scope at all: it is never granted, so nothing can be read with it.
Source: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from typing_extensions import override

ANY_RESOURCE: Final = "*"
_SCOPE: Final = re.compile(
    r"(?P<level>patient|user|system)/(?P<resource>\*|[A-Z][A-Za-z]{1,63})\."
    r"(?P<actions>read|write|\*|c?r?u?d?s?)(?:\?category=(?P<system>[a-z]+:[!#-%'-\[\]-{}~]{1,200})\|(?P<code>[A-Za-z0-9._-]{1,64}))?"
)


class Level(StrEnum):
    """Whose data a scope speaks of."""

    PATIENT = "patient"
    """Of the one patient in context."""
    USER = "user"
    """Of whom the signed-in person may see."""
    SYSTEM = "system"
    """Without a person: of the organization that registered the application."""


class Interaction(StrEnum):
    """One of the letters of a version 2 scope, in the order in which they must stand."""

    CREATE = "c"
    READ = "r"
    UPDATE = "u"
    DELETE = "d"
    SEARCH = "s"


_VERSION_1: Final = {"read": frozenset("rs"), "write": frozenset("cud"), ANY_RESOURCE: frozenset("cruds")}


@dataclass(frozen=True, slots=True)
class Category:
    """A coding of `category` that a resource must have for a scope to reach it."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class ResourceScope:
    """One scope for resources: these interactions with this type, perhaps only with what is of one category."""

    level: Level
    resource: str
    interactions: frozenset[str]
    category: Category | None = None
    is_version_1: bool = field(default=False, compare=False)
    """How the scope was written, so that it is answered in the words in which it was asked."""

    @override
    def __str__(self) -> str:
        where = "" if self.category is None else f"?category={self.category.system}|{self.category.code}"
        return f"{self.level}/{self.resource}.{self._actions()}{where}"

    def _actions(self) -> str:
        if self.is_version_1:
            for name, interactions in _VERSION_1.items():
                if interactions == self.interactions:
                    return name
        return "".join(letter for letter in Interaction if letter in self.interactions)

    def covers(self, resource: str, interaction: Interaction, categories: Collection[Category]) -> bool:
        """Say whether the scope reaches a resource of a type, with these categories, for an interaction."""
        return (
            interaction in self.interactions
            and self.resource in {ANY_RESOURCE, resource}
            and (self.category is None or self.category in categories)
        )

    def intersection(self, other: "ResourceScope") -> "ResourceScope | None":
        """Return the scope that reaches what both reach, as far as one scope can say it; None where nothing is left."""
        interactions = self.interactions & other.interactions
        if self.level is not other.level or not interactions:
            return None
        if ANY_RESOURCE not in {self.resource, other.resource} and self.resource != other.resource:
            return None
        if self.category is not None and other.category is not None and self.category != other.category:
            return None
        resource = other.resource if self.resource == ANY_RESOURCE else self.resource
        return replace(self, resource=resource, interactions=interactions, category=self.category or other.category)


def parse_scope(text: str) -> ResourceScope | None:
    """Read one scope, or None where it is none of ours: letters out of order, another parameter than `category`."""
    found = _SCOPE.fullmatch(text)
    if found is None or not found["actions"]:
        return None
    version_1 = _VERSION_1.get(found["actions"])
    category = None if found["system"] is None else Category(found["system"], found["code"])
    if found["resource"] == ANY_RESOURCE and category is not None:
        return None
    return ResourceScope(
        Level(found["level"]),
        found["resource"],
        version_1 or frozenset(found["actions"]),
        category,
        is_version_1=version_1 is not None,
    )


def parse_scopes(texts: Iterable[str]) -> tuple[ResourceScope, ...]:
    """Read scopes for resources and leave out everything else."""
    return tuple(scope for scope in map(parse_scope, texts) if scope is not None)


def narrow(requested: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """Return what is granted of the scopes requested where so much is allowed; each in the words of the request.

    A scope of no resource, such as `openid`, is granted where it is allowed word for word.
    """
    words = frozenset(allowed)
    limits = parse_scopes(words)
    granted: dict[str, None] = {}
    for text in requested:
        scope = parse_scope(text)
        if scope is None:
            granted |= {text: None} if text in words else {}
            continue
        for limit in limits:
            both = scope.intersection(limit)
            if both is not None:
                granted[str(both)] = None
    return tuple(granted)


def allows(
    scopes: Iterable[ResourceScope],
    level: Level,
    resource: str,
    interaction: Interaction,
    categories: Collection[Category] = (),
) -> bool:
    """Say whether scopes of a level reach a resource of this type and these categories; deny is the default."""
    return any(scope.level is level and scope.covers(resource, interaction, categories) for scope in scopes)


def categories_within(
    scopes: Iterable[ResourceScope], level: Level, resource: str, interaction: Interaction
) -> frozenset[Category] | None:
    """Return the categories that an interaction is limited to: None for no limit, and empty where it is not allowed.

    For a query: the predicate belongs into every subquery, so that a count or an include tells no more than a read.
    """
    reaching = [
        scope
        for scope in scopes
        if scope.level is level and interaction in scope.interactions and scope.resource in {ANY_RESOURCE, resource}
    ]
    if any(scope.category is None for scope in reaching):
        return None
    return frozenset(scope.category for scope in reaching if scope.category is not None)
