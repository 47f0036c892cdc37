"""What is true of the directory: who an entry is, what it states, what lies near, and what is common to programmes."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, time
from typing import Final
from uuid import UUID, uuid5

from services.contracts.identifiers import DirectoryProgrammeId
from services.contracts.records.directory import (
    AttestationRequest,
    ComparisonLine,
    DirectoryEntry,
    DirectoryFacet,
    DirectoryFact,
    DirectorySource,
    DirectorySourceKind,
    FoundProgramme,
)
from services.contracts.vocabulary import Weekday, WeeklyWindow
from services.records.directory.nearness import plain

_NAMESPACE: Final = UUID("d7c1a5f0-51f5-4c58-9a5e-6b1d7f1e2a11")
_WEEKEND: Final = frozenset({Weekday.SATURDAY, Weekday.SUNDAY})
_NOON: Final = time(12)
_EVENING: Final = time(17)


def identity(source: str, entry: DirectoryEntry) -> DirectoryProgrammeId:
    """Return the identifier of an entry: the same programme at the same address is the same entry in every file."""
    told = (source, entry.name, entry.second_name, entry.street, entry.city, entry.region, entry.postal_code)
    return DirectoryProgrammeId(uuid5(_NAMESPACE, "\x1f".join(plain(part or "") for part in told)))


def digest(entry: DirectoryEntry) -> bytes:
    """Return a digest of all that an entry states."""
    return hashlib.sha256(entry.model_dump_json().encode()).digest()


def stated(entry: DirectoryEntry, source: str, as_of: date) -> list[DirectoryFact]:
    """Return what an entry states, each value once under a facet."""
    told = DirectorySource(kind=DirectorySourceKind.PUBLIC_LOCATOR, name=source, as_of=as_of)
    facts = [
        DirectoryFact(facet=one.facet, title=one.title, value=value, source=told)
        for one in entry.statements
        for value in one.values
    ]
    return list({(fact.facet, plain(fact.value)): fact for fact in reversed(facts)}.values())[::-1]


def attested(request: AttestationRequest, programme: str, on: date) -> list[DirectoryFact]:
    """Return what a programme states of itself."""
    told = DirectorySource(kind=DirectorySourceKind.PROGRAMME_ATTESTED, name=programme, as_of=on)
    return [
        DirectoryFact(facet=facet, title=title, value=value, source=told)
        for facet, title, value in _attested_values(request)
    ]


def _attested_values(request: AttestationRequest) -> Iterator[tuple[DirectoryFacet, str, str]]:
    for one in request.staff_credentials:
        yield DirectoryFacet.STAFF_CREDENTIALS, f"{one.people} of the staff", one.credential
    for language in request.languages:
        yield DirectoryFacet.LANGUAGES, "Languages of treatment", language
    for part in sorted({part for window in request.sessions for part in parts_of_week(window)}):
        yield DirectoryFacet.HOURS, "When sessions are held", part


def parts_of_week(window: WeeklyWindow) -> frozenset[str]:
    """Return which parts of the week a session lies in: mornings until noon, evenings from five, and weekends."""
    spans = {
        "morning": window.start < _NOON,
        "afternoon": window.start < _EVENING and window.end > _NOON,
        "evening": window.end > _EVENING,
        "weekend": window.weekday in _WEEKEND,
    }
    return frozenset(part for part, holds in spans.items() if holds)


def side_by_side(programmes: Sequence[FoundProgramme]) -> list[ComparisonLine]:
    """Return a line for each facet that any of the programmes states something about."""
    facets = [facet for facet in DirectoryFacet if any(_facts(one, facet) for one in programmes)]
    return [_line(facet, [_facts(one, facet) for one in programmes]) for facet in facets]


def _facts(found: FoundProgramme, facet: DirectoryFacet) -> list[DirectoryFact]:
    return [fact for fact in found.programme.facts if fact.facet is facet]


def _line(facet: DirectoryFacet, cells: list[list[DirectoryFact]]) -> ComparisonLine:
    common = set.intersection(*({plain(fact.value) for fact in cell} for cell in cells))
    told = {plain(fact.value): fact.value for fact in cells[0]}
    return ComparisonLine(facet=facet, cells=cells, in_common=[told[key] for key in sorted(common)])
