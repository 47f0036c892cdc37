"""Passwords: hashed and checked with Argon2id in threads of their own, a bounded number at a time."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from services.gateway.breached_passwords import BreachedPasswords
from services.gateway.errors import OverloadedError

Outcome = TypeVar("Outcome")

_LONGEST: Final = 256


@dataclass(frozen=True, slots=True)
class HashingCost:
    """What one hash costs; by itself m = 19 MiB, t = 2, p = 1 (OWASP Password Storage Cheat Sheet, Argon2id)."""

    memory_kib: int = 19 * 1024
    rounds: int = 2
    lanes: int = 1


_USUAL: Final = HashingCost()


class Passwords:
    """Hashes and checks passwords off the event loop; one too many is refused rather than left waiting.

    An unknown address is checked against the hash of a password that nobody has, so that it costs the same.
    """

    def __init__(
        self, *, threads: int, queue: int, cost: HashingCost = _USUAL, breached: BreachedPasswords | None = None
    ) -> None:
        self.breached = breached
        self._hasher = PasswordHasher(cost.rounds, cost.memory_kib, cost.lanes)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._most = queue
        self._in_hand = 0
        self._nobodys = self._hasher.hash(b"")

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """Return the hash of a new password.

        Raises:
            OverloadedError: Too many are in hand.
        """
        return await self._run(lambda: self._hasher.hash(_spelling(password)))

    async def is_right(self, password: str, password_hash: str | None) -> bool:
        """Say whether a password is the hashed one; with no hash it takes as long and says no.

        Raises:
            OverloadedError: Too many are in hand.
        """
        known = password_hash if password_hash is not None and len(password) <= _LONGEST else None
        matches = await self._run(lambda: self._matches(known or self._nobodys, password[:_LONGEST]))
        return matches and known is not None

    async def is_breached(self, password: str) -> bool:
        """Say whether a password is on the list of leaked ones, in the spelling that was sent or that is hashed.

        Raises:
            OverloadedError: Too many are in hand.
        """
        listed = self.breached
        if listed is None:
            return False
        spellings = {password.encode("utf-8", "surrogatepass"), _spelling(password)}
        # In a thread: a page of the list may have to come from the disk.
        return await self._run(lambda: any(listed.has(spelling) for spelling in spellings))

    def is_outdated(self, password_hash: str) -> bool:
        """Say whether a hash was made at another cost than this."""
        return self._hasher.check_needs_rehash(password_hash)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _spelling(password))
        except VerifyMismatchError:
            return False

    async def _run(self, work: Callable[[], Outcome]) -> Outcome:
        if self._in_hand >= self._most:
            raise OverloadedError
        self._in_hand += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        future.add_done_callback(self._finished)
        # Shielded: a caller who leaves does not stop the thread, so the work still counts until it ends.
        return await asyncio.shield(future)

    def _finished(self, _future: "asyncio.Future[Outcome]") -> None:
        self._in_hand -= 1


def _spelling(password: str) -> bytes:
    # Keyboards of two systems send one letter in two spellings: NFKC makes them one (NIST SP 800-63B, 5.1.1.2).
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
