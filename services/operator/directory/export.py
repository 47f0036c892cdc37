"""The export of the public treatment locator: rows of a JSON document, each read by itself and told by its line.

The format is undocumented by its publisher: `rows` of objects with names, address, degrees and `services`, where each
service has a category (`f1`), its code (`f2`) and values joined by semicolons (`f3`). What is not read is left out.
"""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from services.contracts.records.directory import DirectoryEntry, DirectoryFacet
from services.operator.errors import OperatorError

_FACETS: Final[Mapping[str, DirectoryFacet]] = MappingProxyType(
    {
        "license/certification/accreditation": DirectoryFacet.ACCREDITATION,
        "treatment approaches": DirectoryFacet.PRACTICES,
        "pharmacotherapies": DirectoryFacet.MEDICATION,
        "opioid medications used in treatment": DirectoryFacet.MEDICATION,
        "type of opioid treatment": DirectoryFacet.MEDICATION,
        "type of alcohol use disorder treatment": DirectoryFacet.MEDICATION,
        "transitional services": DirectoryFacet.AFTERCARE,
        "education and counseling services": DirectoryFacet.SERVICES,
        "education and counseling": DirectoryFacet.SERVICES,
        "counseling services and education": DirectoryFacet.SERVICES,
        "ancillary services": DirectoryFacet.SERVICES,
        "other services": DirectoryFacet.SERVICES,
        "type of care": DirectoryFacet.SERVICES,
        "testing": DirectoryFacet.TESTING,
        "service setting": DirectoryFacet.SETTING,
        "recovery support services": DirectoryFacet.PEER_SUPPORT,
        "recovery support": DirectoryFacet.PEER_SUPPORT,
        "payment/insurance/funding accepted": DirectoryFacet.PAYMENT,
        "payment assistance available": DirectoryFacet.PAYMENT,
        "language services": DirectoryFacet.LANGUAGES,
        "hours of operation": DirectoryFacet.HOURS,
        "age groups accepted": DirectoryFacet.AGES_AND_GROUPS,
        "gender accepted": DirectoryFacet.AGES_AND_GROUPS,
        "special programs/groups offered": DirectoryFacet.AGES_AND_GROUPS,
    }
)
_SPACE: Final = " \t\r\n"
_DECODER: Final = json.JSONDecoder()
# What the export calls what we call otherwise; the rest is looked at under its own name.
_NAMES: Final = MappingProxyType({"name2": "second_name", "street1": "street", "state": "region", "zip": "postal_code"})
_TEXTS: Final = ("name1", "name2", "street1", "city", "state", "zip", "phone", "website")


class UnreadableExportError(OperatorError):
    """The file is no export of the locator."""


class BadRow(NamedTuple):
    """A row that is left out: where it begins, and what is wrong, without what it says."""

    line: int
    problem: str


class GoodRow(NamedTuple):
    """A row that was read."""

    line: int
    entry: DirectoryEntry


def read_rows(text: str) -> Iterator[GoodRow | BadRow]:
    """Yield every row of an export in its order.

    Raises:
        UnreadableExportError: It is no JSON object with `rows`, or breaks off; the message names the line.
    """
    line, counted = 1, 0
    for row, start in _raw_rows(text):
        line, counted = line + text.count("\n", counted, start), start
        yield _read(row, line)


def _read(row: Any, line: int) -> GoodRow | BadRow:
    if not isinstance(row, dict):
        return BadRow(line, "is no JSON object")
    try:
        return GoodRow(line, DirectoryEntry.model_validate(_members(row)))
    except ValidationError as error:
        # Only where and what rule: what stands there may be anything, and a terminal shows it.
        places = {".".join(str(part) for part in fault["loc"]) or "row" for fault in error.errors(include_input=False)}
        return BadRow(line, f"is not as an entry must be in {', '.join(sorted(places))}")


def _members(row: Mapping[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {
        _NAMES.get(name, name.removesuffix("1")): row[name] for name in _TEXTS if row.get(name) not in (None, "")
    }
    website = members.get("website")
    if isinstance(website, str) and "://" not in website:
        members["website"] = f"https://{website.strip()}"
    return members | {
        "latitude": _number(row.get("latitude")),
        "longitude": _number(row.get("longitude")),
        "statements": _statements(row.get("services") or []),
    }


def _number(value: Any) -> Any:
    # The locator writes degrees as text.
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return None


def _statements(services: Any) -> Any:
    if not isinstance(services, list):
        return services
    read = [_statement(service) for service in services]
    return [one for one in read if one is None or one["values"]]


def _statement(service: Any) -> dict[str, Any] | None:
    if not isinstance(service, dict):
        return None
    title, joined = service.get("f1"), service.get("f3")
    if not isinstance(title, str) or not isinstance(joined, str):
        return None
    title, values = title.strip(), [value.strip() for value in joined.split(";") if value.strip()]
    return {"facet": _FACETS.get(title.casefold(), DirectoryFacet.OTHER), "title": title, "values": values}


def _raw_rows(text: str) -> Iterator[tuple[Any, int]]:
    at = _expect(text, 0, "{")
    while True:
        name, at = _decode(text, at)
        at = _expect(text, at, ":")
        if name == "rows":
            yield from _elements(text, _expect(text, at, "["))
            return
        _, at = _decode(text, at)
        at = _expect(text, at, ",")


def _elements(text: str, at: int) -> Iterator[tuple[Any, int]]:
    if text[_skip(text, at) : _skip(text, at) + 1] == "]":
        return
    while True:
        start = _skip(text, at)
        row, at = _decode(text, start)
        yield row, start
        at = _skip(text, at)
        if text[at : at + 1] == "]":
            return
        at = _expect(text, at, ",")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _expect(text: str, at: int, sign: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != sign:
        raise UnreadableExportError(f"Line {_line(text, at)}: this is no export with rows, or it breaks off.")
    return at + 1


def _decode(text: str, at: int) -> tuple[Any, int]:
    at = _skip(text, at)
    try:
        return _DECODER.raw_decode(text, at)
    except (json.JSONDecodeError, RecursionError):
        raise UnreadableExportError(
            f"Line {_line(text, at)}: from here on the file is no JSON, or it breaks off."
        ) from None


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
