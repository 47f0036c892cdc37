"""Backup, restore and shredding of a whole installation, by the commands that an operator types."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.root_keys import RootKeys
from services.chassis.wiring import Process
from services.contracts.identity import Microservice, Role
from services.operator.__main__ import main
from services.operator.backup import beside, manifest
from services.operator.databases import running_databases
from services.operator.keys import ensure_keys
from services.operator.shredding.ledger import Shredding, UnsignedShreddingError, append, read_all
from services.operator.state import StateFolder
from services.records.main import build
from tests.support.serving import call_in_process, nothing_to_open
from tests.support.tokens import LocalAuthenticator, Tokens, principal

Json = dict[str, Any]
Ask = Callable[..., list[httpx2.Response]]

BY = UUID(int=7)


@pytest.fixture
def state(home: Path, clock: Clock) -> StateFolder:
    made = StateFolder(home / "state")
    made.make()
    ensure_keys(made, clock)
    return made


@pytest.fixture
def ask(state: StateFolder, tokens: Tokens, clock: Clock, organization_id: UUID) -> Ask:
    """Start the databases, send requests to records as its director, and stop them again."""

    async def send(app_url: str, requests: list[tuple[str, str, Any]]) -> list[httpx2.Response]:
        opened = OpenDatabase(app_url, pool_size=2)
        app = build(nothing_to_open)
        app.state.root_keys = RootKeys.read(state.root_key)
        try:
            app.state.process = Process(clock, await opened.open(), LocalAuthenticator(tokens, Microservice.RECORDS))
            # Made for each call: an internal token lives shorter than a walk of several starts may take.
            director = principal(Role.PROGRAMME_DIRECTOR, organization=organization_id)
            token = tokens.internal(director, Microservice.RECORDS)
            async with call_in_process(app, headers={"authorization": f"Bearer {token}"}) as client:
                return [await client.request(method, path, json=body) for method, path, body in requests]
        finally:
            await opened.close()

    def run(*requests: tuple[str, str, Any]) -> list[httpx2.Response]:
        with running_databases(state, None, lambda _: None) as databases:
            return asyncio.run(send(databases.urls["records"].app, list(requests)))

    return run


def command(capsys: pytest.CaptureFixture[str], state: StateFolder, *arguments: str) -> tuple[int, Json]:
    capsys.readouterr()
    status = main([*arguments, "--state", str(state.root), "--json"])
    return status, json.loads(capsys.readouterr().out or "{}")


def person(name: str) -> tuple[str, str, Json]:
    body = {"given_name": name, "family_name": "Quill", "birth_date": "1990-02-28", "site_id": str(UUID(int=1))}
    return "POST", "/v1/patients", body


def shredding(organization_id: UUID, patient_id: str) -> list[str]:
    return [
        "keys", "shred", "--organization", str(organization_id), "--patient", patient_id, "--by", str(BY),
        "--reason", "retention ended",
    ]  # fmt: skip


def test_who_was_shredded_stays_unreadable_when_an_older_backup_comes_back(
    ask: Ask, state: StateFolder, home: Path, organization_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, kept = [answer.json() for answer in ask(person("Gone"), person("Kept"))]
    reads = [("GET", f"/v1/patients/{one['id']}", None) for one in (gone, kept)]
    folder = home / "backup"
    shred = shredding(organization_id, gone["id"])

    made = command(capsys, state, "backup", str(folder))
    later = ask(person("Later"), *reads)
    shredded = command(capsys, state, *shred)
    after_shredding = ask(*reads, ("GET", "/v1/patients", None))
    again = command(capsys, state, *shred)
    restored = command(capsys, state, "restore", str(folder))
    after_restore = ask(*reads, ("GET", "/v1/patients", None))

    assert (made[0], made[1]["files"]) == (0, 3)
    assert [answer.status_code for answer in later] == [201, 200, 200]
    assert (shredded[0], shredded[1]["keys"], again[0]) == (0, 1, 1)
    assert [answer.status_code for answer in after_shredding] == [404, 200, 200]
    assert (restored[0], restored[1]["shredded_again"]) == (0, 1)
    assert [answer.status_code for answer in after_restore] == [404, 200, 200]
    # What came after the backup is gone with it, which shows that it was restored at all.
    assert [one["given_name"] for one in after_shredding[2].json()["items"]] == ["Kept", "Later"]
    assert [one["given_name"] for one in after_restore[2].json()["items"]] == ["Kept"]

    # The other way round: only the list kept outside of the databases stands between a restore and the record.
    state.shreddings.unlink()
    command(capsys, state, "restore", str(folder))

    assert ask(*reads)[0].json() == gone


@pytest.fixture
def backup(state: StateFolder, tmp_path: Path, clock: Clock) -> Path:
    folder = tmp_path / "backup"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "records.dump").write_bytes(b"rows")
    manifest.write(folder, state, clock.now())
    return folder


def test_a_whole_backup_is_taken(backup: Path, state: StateFolder) -> None:
    assert list(manifest.checked(backup, state)["files"]) == ["records.dump"]


def test_a_damaged_backup_is_refused(backup: Path, state: StateFolder) -> None:
    (backup / "records.dump").write_bytes(b"other rows")

    with pytest.raises(manifest.BackupDamagedError, match=r"records\.dump was changed"):
        manifest.checked(backup, state)


@pytest.mark.parametrize("change", ["missing", "added", "no_manifest"])
def test_a_backup_that_is_not_whole_is_refused(backup: Path, state: StateFolder, change: str) -> None:
    if change == "added":
        (backup / "gateway.dump").write_bytes(b"rows")
    else:
        (backup / {"missing": "records.dump", "no_manifest": "manifest.json"}[change]).unlink()

    with pytest.raises(manifest.BackupDamagedError):
        manifest.checked(backup, state)


def test_a_backup_under_another_root_key_is_refused(backup: Path, home: Path, clock: Clock) -> None:
    other = StateFolder(home / "other")
    other.make()
    ensure_keys(other, clock)

    with pytest.raises(manifest.ForeignBackupError):
        manifest.checked(backup, other)


def test_a_backup_is_made_in_a_folder_of_its_own(
    backup: Path, state: StateFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(capsys, state, "backup", str(backup))[0] == 1


def test_what_a_state_folder_has_lost_comes_back_and_what_it_has_stays(
    state: StateFolder, tmp_path: Path, clock: Clock
) -> None:
    key, folder = Ed25519PrivateKey.generate(), tmp_path / "backup"
    old, new = (Shredding(uuid4(), uuid4(), (uuid4(),), BY, reason, clock.now().isoformat()) for reason in ("a", "b"))
    append(state.shreddings, key, old)
    for name in ("lost", "newer"):
        (state.checkpoints / f"{name}.jsonl").write_text("of the backup")
        (state.gateway_checkpoints / f"{name}.jsonl").write_text("of the gateway's")
    folder.mkdir()
    beside.keep(state, folder)

    (state.checkpoints / "lost.jsonl").unlink()
    (state.checkpoints / "newer.jsonl").write_text("of today")
    (state.gateway_checkpoints / "lost.jsonl").unlink()
    append(state.shreddings, key, new)
    for _ in range(2):
        beside.take_back(state, folder)

    assert list(read_all(state.shreddings, key.public_key())) == [old, new]
    assert (state.checkpoints / "lost.jsonl").read_text() == "of the backup"
    assert (state.checkpoints / "newer.jsonl").read_text() == "of today"
    assert (state.gateway_checkpoints / "lost.jsonl").read_text() == "of the gateway's"
    state.shreddings.unlink()
    beside.take_back(state, folder)
    assert list(read_all(state.shreddings, key.public_key())) == [old]


def test_the_list_of_destroyed_keys_follows_nobody_else_s_lines(tmp_path: Path) -> None:
    path, key = tmp_path / "shreddings.jsonl", Ed25519PrivateKey.generate()
    ours = Shredding(uuid4(), uuid4(), (uuid4(), uuid4()), BY, "retention ended", "2026-10-02T09:00:00+00:00")
    append(path, key, ours)
    append(path, key, ours)

    assert list(read_all(path, key.public_key())) == [ours, ours]
    path.write_bytes(path.read_bytes().replace(str(ours.patient_id).encode(), str(uuid4()).encode(), 1))
    with pytest.raises(UnsignedShreddingError, match="Line 1 "):
        read_all(path, key.public_key())
    append(tmp_path / "other.jsonl", Ed25519PrivateKey.generate(), ours)
    with pytest.raises(UnsignedShreddingError):
        read_all(tmp_path / "other.jsonl", key.public_key())


def test_a_backup_from_before_a_rotation_comes_back_under_the_newest_key_and_without_whom_was_shredded(
    ask: Ask, state: StateFolder, home: Path, organization_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, kept = [answer.json() for answer in ask(person("Gone"), person("Kept"))]
    reads = [("GET", f"/v1/patients/{one['id']}", None) for one in (gone, kept)]
    folder = home / "backup"
    shred = shredding(organization_id, gone["id"])
    first = state.root_key.read_bytes()

    command(capsys, state, "backup", str(folder))
    command(capsys, state, *shred)
    rotated = command(capsys, state, "keys", "rotate")
    after_rotation = ask(*reads)
    restored = command(capsys, state, "restore", str(folder))
    # Were anything still wrapped with the retired key, no process that is started now could open it.
    after_restore = ask(*reads)
    # The front door knows no organization here; one that has checkpoints is verified too.
    (state.checkpoints / f"{organization_id}.jsonl").touch()
    verified = command(capsys, state, "audit", "verify")

    assert (rotated[0], rotated[1]["wrapped"], len(rotated[1]["retired"])) == (0, 1, 1)
    assert [answer.status_code for answer in after_rotation] == [404, 200]
    assert (restored[0], restored[1]["shredded_again"]) == (0, 1)
    assert [answer.status_code for answer in after_restore] == [404, 200]
    assert after_restore[1].json() == kept
    assert (verified[0], verified[1]["faults"], verified[1]["events"] > 0) == (0, [], True)

    # Without the retired key the backup is not ours any more, and is refused before anything is touched.
    *_, newest = state.root_key.read_bytes().splitlines()
    state.root_key.write_bytes(newest + b"\n")
    assert command(capsys, state, "restore", str(folder))[0] == 1
    assert first not in state.root_key.read_bytes()
