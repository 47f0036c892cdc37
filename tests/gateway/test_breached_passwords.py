"""New passwords are compared with a list of leaked ones, on disk and exactly."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.breached_passwords import BreachedPasswords, ListUnreadableError, write_list
from services.gateway.passwords import Passwords
from services.operator.passwords.command import ListRefusedError, import_list
from tests.gateway.conftest import PASSWORD, GatewayFactory, NewOrganization, Post
from tests.gateway.test_password_changes import CHANGE, NEW, sign_in

LEAKED = "nine brown foxes at dawn"
# NFKC makes these one with LEAKED, as hashing does.
SPELT = LEAKED.replace("dawn", "\N{FULLWIDTH LATIN SMALL LETTER D}awn")


def _hash(password: str) -> bytes:
    return hashlib.sha1(password.encode(), usedforsecurity=False).digest()


def _list_of(folder: Path, passwords: list[str], name: str = "list") -> BreachedPasswords:
    path = folder / name
    with path.open("wb") as file:
        assert write_list(sorted({_hash(one) for one in passwords}), file) == len(set(passwords))
    return BreachedPasswords.open(path)


@pytest.fixture
def breached(passwords: Passwords, tmp_path: Path) -> Iterator[None]:
    """Let the gateway know of one leaked password among others."""
    passwords.breached = _list_of(tmp_path, [LEAKED, *(f"password {n}" for n in range(1000))])
    yield
    passwords.breached = None


@pytest.mark.usefixtures("breached")
@pytest.mark.parametrize("leaked", [LEAKED, SPELT])
async def test_a_leaked_password_opens_no_new_account(
    operator: Any, new_organization: NewOrganization, leaked: str
) -> None:
    where = await new_organization()
    body = {"email": "ada@example.org", "password": leaked, "display_name": "Ada", "roles": ["nurse"]}

    refused = await operator.post(f"/v1/organizations/{where}/accounts", json=body)
    made = await operator.post(f"/v1/organizations/{where}/accounts", json={**body, "password": PASSWORD})

    assert (refused.status_code, refused.json()["code"]) == (422, "breached-password")
    assert refused.json()["errors"][0]["pointer"] == "/password"
    assert leaked not in refused.text
    assert made.status_code == 201


@pytest.mark.usefixtures("breached")
async def test_a_leaked_password_replaces_none(gateway: GatewayFactory, new_account: Any, post: Post) -> None:
    await new_account()
    client = gateway()
    bearer = await sign_in(client)
    await client.post("/v1/password_resets", json={"email": "ada@example.org"})
    await post.carry()

    changed = await client.post(CHANGE, json={"current_password": PASSWORD, "new_password": LEAKED}, headers=bearer)
    reset = {"secret": post.relay.secrets[0], "new_password": LEAKED}
    redeemed = await client.post("/v1/password_resets:redeem", json=reset)
    again = await client.post("/v1/password_resets:redeem", json={**reset, "new_password": NEW})

    assert [(one.status_code, one.json()["code"]) for one in (changed, redeemed)] == [(422, "breached-password")] * 2
    assert again.status_code == 204


@given(st.lists(st.text(max_size=12), max_size=60), st.lists(st.text(max_size=12), max_size=60))
def test_what_is_on_the_list_is_found_and_nothing_else(tmp_path_factory: Any, on: list[str], off: list[str]) -> None:
    listed = _list_of(tmp_path_factory.mktemp("list"), _encodable(on))

    assert all(listed.has(one.encode()) for one in _encodable(on))
    assert not any(listed.has(one.encode()) for one in _encodable(off) if one not in on)


def _encodable(texts: list[str]) -> list[str]:
    return [one for one in texts if one.isprintable()]


def test_the_ends_of_the_list_and_of_its_index_are_found(tmp_path: Path) -> None:
    by_prefix: dict[int, str] = {}
    for number in range(400_000):
        digest = _hash(str(number))
        if digest[:2] in {b"\0\0", b"\xff\xff"}:
            by_prefix.setdefault(int.from_bytes(digest[:2]), str(number))
    listed = _list_of(tmp_path, [*by_prefix.values()])

    assert set(by_prefix) == {0, 0xFFFF}
    assert all(listed.has(one.encode()) for one in by_prefix.values())


@pytest.mark.parametrize(
    "break_it",
    [lambda _: b"", lambda raw: raw[:-1], lambda raw: raw + b"x", lambda raw: b"x" + raw[1:], lambda raw: raw[:100]],
)
def test_a_file_that_is_not_whole_is_no_list(tmp_path: Path, break_it: Any) -> None:
    _list_of(tmp_path, ["a", "b"])
    path = tmp_path / "list"
    path.write_bytes(break_it(path.read_bytes()))

    with pytest.raises(ListUnreadableError):
        BreachedPasswords.open(path)


@pytest.mark.parametrize("hashes", [[b"b" * 20, b"a" * 20], [b"a" * 20, b"a" * 20]])
def test_hashes_out_of_order_or_twice_are_refused(hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="in order"):
        write_list(hashes, io.BytesIO())


def _lines(passwords: dict[str, int]) -> list[str]:
    return sorted(f"{_hash(one).hex().upper()}:{seen}" for one, seen in passwords.items())


def test_a_public_list_is_imported_in_its_order_and_from_how_often_it_was_seen(tmp_path: Path) -> None:
    source, target = tmp_path / "pwned.txt", tmp_path / "made" / "list"
    source.write_text("\r\n".join([*_lines({"often": 20, "seldom": 2}), ""]))

    everything = import_list(source, target)
    often = import_list(source, target, least=3)

    assert (everything["passwords"], often["passwords"]) == (2, 1)
    listed = BreachedPasswords.open(target)
    assert (listed.has(b"often"), listed.has(b"seldom")) == (True, False)


def test_a_list_in_ranges_is_imported_too(tmp_path: Path) -> None:
    folder, target = tmp_path / "ranges", tmp_path / "list"
    folder.mkdir()
    for line in _lines({f"password {n}": n + 1 for n in range(300)}):
        with (folder / f"{line[:5]}.txt").open("a") as file:
            file.write(line[5:] + "\r\n")
    (folder / "README").write_text("not a range")

    assert import_list(folder, target)["passwords"] == 300
    assert BreachedPasswords.open(target).has(b"password 7")


@pytest.mark.parametrize("text", ["nothing of the kind", "A" * 39, "B" * 40 + "\n" + "A" * 40, "A" * 40 + ":x"])
def test_what_is_no_list_leaves_the_one_before(tmp_path: Path, text: str) -> None:
    source, target = tmp_path / "source", tmp_path / "list"
    source.write_text("\n".join(_lines({"often": 20})))
    import_list(source, target)
    source.write_text(text)

    with pytest.raises(ListRefusedError):
        import_list(source, target)

    assert BreachedPasswords.open(target).has(b"often")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
