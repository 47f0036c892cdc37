"""A locator's export: what is read of it, and what becomes of a bad row."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.contracts.records.directory import DirectoryFacet, DirectoryImport, DirectoryImported
from services.operator.directory.command import import_rows, read_file
from services.operator.directory.export import BadRow, GoodRow, UnreadableExportError, read_rows

Json = dict[str, Any]


def row(**changes: Any) -> Json:
    return {
        "_irow": 1,
        "name1": "Invented Recovery",
        "name2": "",
        "street1": "1 Invented Way",
        "street2": None,
        "city": "Sampleton",
        "state": "NJ",
        "zip": "00000",
        "phone": "555-0100",
        "website": "invented.example",
        "latitude": "40.5",
        "longitude": "-74.25",
        "miles": 3.1,
        "services": [
            {"f1": "Treatment Approaches", "f2": "OT", "f3": "Matrix Model; Motivational interviewing; "},
            {"f1": "License/Certification/Accreditation", "f2": "LCA", "f3": "The Joint Commission"},
            {"f1": "A heading from next year", "f2": "XX", "f3": "Something"},
            {"f1": "Testing", "f2": "TST", "f3": ""},
        ],
        **changes,
    }


def export(*rows: Any) -> str:
    return json.dumps({"page": 1, "totalPages": 1, "recordCount": len(rows), "rows": list(rows)}, indent=1)


class Taking:
    """Takes entries as the API does, and keeps them."""

    def __init__(self) -> None:
        self.requests: list[DirectoryImport] = []

    async def import_directory(self, request: DirectoryImport) -> DirectoryImported:
        self.requests.append(request)
        return DirectoryImported(added=len(request.entries), changed=0, unchanged=0)


def test_a_row_is_read_with_its_statements_under_our_facets() -> None:
    (read,) = read_rows(export(row()))

    assert isinstance(read, GoodRow)
    entry = read.entry
    assert (entry.name, entry.second_name, entry.region, entry.postal_code) == (
        "Invented Recovery",
        None,
        "NJ",
        "00000",
    )
    assert (entry.latitude, entry.longitude, entry.website) == (40.5, -74.25, "https://invented.example")
    assert [(one.facet, one.title, one.values) for one in entry.statements] == [
        (DirectoryFacet.PRACTICES, "Treatment Approaches", ["Matrix Model", "Motivational interviewing"]),
        (DirectoryFacet.ACCREDITATION, "License/Certification/Accreditation", ["The Joint Commission"]),
        # What we do not know is kept under the source's own heading, and nothing is made of what is empty.
        (DirectoryFacet.OTHER, "A heading from next year", ["Something"]),
    ]


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        ({"name1": ""}, "name"),
        ({"latitude": "north"}, "latitude"),
        ({"longitude": 181}, "longitude"),
        ({"state": "New Jersey"}, "region"),
        ({"services": "none"}, "statements"),
        ({"services": [7]}, "statements"),
    ],
)
def test_a_bad_row_is_told_by_its_line_and_place_and_never_by_what_it_says(bad: Json, place: str) -> None:
    text = export(row(), row(name1="Second", street1="Canary") | bad, row(name1="Third"))

    read = list(read_rows(text))

    (told,) = [one for one in read if isinstance(one, BadRow)]
    assert text.splitlines()[told.line - 1].strip() == "{"
    second = text[: text.index("Canary")].rindex('"_irow"')
    assert told.line == text.count("\n", 0, second)
    assert place in told.problem
    assert "Canary" not in told.problem
    assert [one.entry.name for one in read if isinstance(one, GoodRow)] == ["Invented Recovery", "Third"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("[]", 1),
        ('{"page": 1}', 1),
        ('{\n"rows": 7}', 2),
        (export(row())[:-60], None),
        ('{"rows": [\n{"name1": nothing}]}', 2),
    ],
)
def test_what_is_no_export_is_refused_and_says_from_which_line(text: str, line: int | None) -> None:
    with pytest.raises(UnreadableExportError) as refusal:
        list(read_rows(text))

    assert "Line" in str(refusal.value)
    assert line is None or f"Line {line}:" in str(refusal.value)


async def test_rows_are_entered_a_hundred_at_a_time_and_progress_is_told() -> None:
    api, told = Taking(), list[str]()
    rows = [row(name1=f"P{number}") for number in range(250)]
    rows[3] = row(name1="")
    rows[249] = "no row"  # type: ignore[call-overload]

    outcome = await import_rows(api, export(*rows), "Invented locator", date(2026, 9, 1), told.append)

    assert [len(request.entries) for request in api.requests] == [99, 100, 49]
    assert {(request.source, request.as_of) for request in api.requests} == {("Invented locator", date(2026, 9, 1))}
    assert (outcome.rows, outcome.added, outcome.left_out) == (250, 248, 2)
    assert sum("is left out" in one for one in told) == 2
    assert [one for one in told if one.startswith(("100 rows", "200 rows", "250 rows"))] == [
        "100 rows read, 99 added, 0 changed",
        "200 rows read, 199 added, 0 changed",
        "250 rows read, 248 added, 0 changed",
    ]


async def test_of_a_file_of_nothing_but_bad_rows_only_the_first_are_told() -> None:
    api, told = Taking(), list[str]()

    outcome = await import_rows(api, export(*[7] * 300), "S", date(2026, 9, 1), told.append)

    assert api.requests == []
    assert (outcome.left_out, len(outcome.first_left_out), sum("is left out" in one for one in told)) == (300, 100, 100)


def test_an_export_without_rows_has_none() -> None:
    assert list(read_rows('{"rows": []}')) == []


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b'{"rows": ["\xe9"]}')
    (tmp_path / "marked").write_bytes(b'\xef\xbb\xbf{"rows": []}')

    for name in ("nowhere", "latin"):
        with pytest.raises(UnreadableExportError):
            read_file(tmp_path / name)
    assert read_file(tmp_path / "marked") == '{"rows": []}'
