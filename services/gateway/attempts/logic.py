"""Who may try now."""

import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from services.chassis.clock import Clock
from services.contracts.identifiers import AccountId
from services.gateway.attempts.rules import CODE, KNOWN_FOR, NAME, NETWORK, PAIR, Limit, key_of
from services.gateway.attempts.storage import AttemptStorage
from services.gateway.errors import TriedTooOftenError

AttemptUnits = Callable[[], AbstractAsyncContextManager[AttemptStorage]]
"""Opens a transaction of its own: an attempt counts although what it was made for is rolled back."""


class AttemptsLogic:
    """Counts an attempt before it is made, and takes it back when it was right.

    So a hundred guesses at once are a hundred guesses. A name that nobody has is counted like any other, so a stranger
    learns nothing from being held up.
    """

    def __init__(self, units: AttemptUnits, network: str, clock: Clock) -> None:
        self._units = units
        self.network = network
        self._clock = clock

    async def try_name(self, name: str) -> None:
        """Count an attempt to sign in with a name.

        Raises:
            TriedTooOftenError: This network may not try this name, or any name, at the moment.
        """
        now = self._clock.now()
        async with self._units() as counters:
            ends = [
                await _ends_if_over(counters, PAIR, key_of("pair", name, self.network), now),
                await _ends_if_over(counters, NETWORK, key_of("network", self.network), now),
            ]
            if not await counters.is_remembered(key_of("known", name, self.network), now):
                ends.append(await _ends_if_over(counters, NAME, key_of("name", name), now))
        _refuse_until(ends, now)

    async def name_was_right(self, name: str) -> None:
        """Take back this person's attempts from here: the person signed in, and is known here from now on."""
        now = self._clock.now()
        async with self._units() as counters:
            # In the order in which they are counted, or two could wait for each other.
            attempts = await counters.forget(key_of("pair", name, self.network))
            await counters.take_back(key_of("network", self.network), attempts)
            known = key_of("known", name, self.network)
            if not await counters.is_remembered(known, now):
                await counters.take_back(key_of("name", name), attempts)
            await counters.remember(known, now + KNOWN_FOR)
            await counters.sweep(now)

    async def try_network(self) -> None:
        """Count an attempt to sign in without a name: with a passkey, or with a link that was sent.

        Raises:
            TriedTooOftenError: This network may not try anything at the moment.
        """
        now = self._clock.now()
        async with self._units() as counters:
            end = await _ends_if_over(counters, NETWORK, key_of("network", self.network), now)
        _refuse_until([end], now)

    async def network_was_right(self) -> None:
        """Take back one attempt of this network."""
        async with self._units() as counters:
            await counters.take_back(key_of("network", self.network), 1)

    async def try_code(self, account_id: AccountId) -> None:
        """Count an attempt of a signed-in person with a code, or with the password once more.

        Raises:
            TriedTooOftenError: Too many were wrong.
        """
        now = self._clock.now()
        async with self._units() as counters:
            end = await _ends_if_over(counters, CODE, key_of("code", str(account_id), self.network), now)
        _refuse_until([end], now)

    async def code_was_right(self, account_id: AccountId) -> None:
        """Begin again to count the person's attempts."""
        async with self._units() as counters:
            await counters.forget(key_of("code", str(account_id), self.network))


async def _ends_if_over(counters: AttemptStorage, limit: Limit, key: bytes, now: datetime) -> datetime | None:
    count, ends_at = await counters.count(key, window=limit.window, now=now)
    return ends_at if count > limit.most else None


def _refuse_until(ends: list[datetime | None], now: datetime) -> None:
    latest = max((end for end in ends if end is not None), default=None)
    if latest is not None:
        raise TriedTooOftenError(math.ceil((latest - now).total_seconds()))
