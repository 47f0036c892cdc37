"""The drill of canaries has teeth: what leaks, and what is left out, is found."""

import base64
import gzip
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from services.operator.drill.canaries.command import is_kept, judged
from services.operator.drill.canaries.searching import Found, Pattern, search_database, search_files
from services.operator.drill.canaries.words import Canaries, Column
from services.operator.postgres.provision import DatabaseUrls
from services.operator.postgres.running import superuser_url

NAME = Column("records", "patients", "given_name")


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


@pytest.mark.parametrize("around", [b"", b"a", b"ab"])
def test_a_word_is_found_in_whichever_form_it_is_written(canaries: Canaries, around: bytes) -> None:
    word = canaries.word(NAME)
    plain = around + word.encode() + b" and more"
    pattern = Pattern(canaries.words)

    assert [
        pattern.search(written)
        for written in (plain, plain.hex().encode(), base64.b64encode(plain), b"\\x" + plain.hex().encode())
    ] == [{word}] * 4
    assert pattern.search(b"cnry nothing of ours " + uuid4().hex.encode()) == set()
    assert pattern.search(gzip.compress(plain)) == set()


def test_a_word_in_a_log_is_found_also_across_the_end_of_a_block(
    canaries: Canaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.operator.drill.canaries.searching._BLOCK", 8)
    word = canaries.word(NAME)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "records.log").write_text(f"1234567 {word} x")
    (tmp_path / "logs" / "gateway.log").write_text("nothing")

    assert search_files(tmp_path, canaries.words) == {Found(word, "logs/records.log")}


async def test_a_leak_an_unsealed_value_and_a_column_without_a_word_are_found(
    records_urls: DatabaseUrls, canaries: Canaries
) -> None:
    leaked, sealed = canaries.word(NAME), canaries.word()
    canaries.mark(Column("records", "medication_doses", "details"), "declined")
    organization_id, patient_id, site_id = uuid4(), uuid4(), uuid4()
    connection = await asyncpg.connect(records_urls.app)
    await connection.execute("select set_config('eventide.organization_id', $1, false)", str(organization_id))
    await connection.execute(
        "insert into patients (organization_id, id, given_name, family_name, birth_date, site_id, version, created_at)"
        " values ($1, $2, $3, $4, $4, $5, 1, now())",
        organization_id, patient_id, leaked.encode(), b"\x01" + bytes(40), site_id,
    )  # fmt: skip
    await connection.close()

    searched = await search_database(
        "records", f"{records_urls.owner}?eventide.organization_id={organization_id}", canaries
    )
    report = judged(canaries, searched, set())

    assert Found(leaked, "records.patients") in searched.found
    assert ("a value that is not sealed", str(NAME)) in searched.found
    assert sealed not in {one.word for one in searched.found}
    assert {"records.patients", str(NAME)} <= set(report["where"])
    assert "records.recipients.name" in report["unplanted"]
    assert "records.audit_events.seal" not in report["unplanted"]
    assert not is_kept(report)


def test_a_search_that_does_not_find_its_control_has_not_looked() -> None:
    report = {"found": 0, "unplanted": [], "control_found": []}

    assert not is_kept(report)
    assert is_kept({**report, "control_found": ["scheduler.sites"]})


def test_a_superuser_reaches_each_database() -> None:
    url = superuser_url("postgresql://postgres@127.0.0.1:5432/postgres", "records")

    assert url == "postgresql://postgres@127.0.0.1:5432/eventide_records"
