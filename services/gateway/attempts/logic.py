"""Who may try now."""

import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.chassis.clock import Clock
from services.contracts.identifiers import AccountId
from services.gateway.attempts.devices import new_device
from services.gateway.attempts.rules import (
    CODE,
    DEVICE,
    KNOWN_FOR,
    LETTER,
    NAME,
    NETWORK,
    PAIR,
    REFUSAL,
    USER_CODE,
    Limit,
    key_of,
)
from services.gateway.attempts.storage import AttemptStorage
from services.gateway.errors import TriedTooOftenError
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told


@dataclass(frozen=True, slots=True)
class AttemptUnit:
    """What one transaction of counting works with."""

    counters: AttemptStorage
    trail: SecurityTrail


_ANYBODY: Final = ""
"""No name: whoever signs in on a device."""

AttemptUnits = Callable[[], AbstractAsyncContextManager[AttemptUnit]]
"""Opens a transaction of its own: an attempt counts although what it was made for is rolled back."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """How many attempts over a limit this one is; below one, it is within it."""

    limit: Limit
    over: int
    ends_at: datetime


class AttemptsLogic:
    """Counts an attempt before it is made, and takes it back when it was right.

    So a hundred guesses at once are a hundred guesses. A name that nobody has is counted like any other, so a stranger
    learns nothing from being held up.
    """

    def __init__(self, units: AttemptUnits, network: str, clock: Clock, *, device: str | None = None) -> None:
        self._units = units
        self.network = network
        self.device = device
        """What the caller's device is known by; one that was named by us, once somebody has signed in on it."""
        self._clock = clock

    async def try_name(self, name: str) -> None:
        """Count an attempt to sign in with a name.

        Raises:
            TriedTooOftenError: This device, or this network, may not try this name, or any name, at the moment.
        """
        now = self._clock.now()
        async with self._units() as unit:
            if await self._is_known_device(unit.counters, name, now):
                counted = [await _counted(unit.counters, DEVICE, self._device_key("tried", name), now)]
            else:
                counted = await self._counted_of_stranger(unit.counters, name, now)
            await self._tell_first(unit.trail, counted, name_tried=unit.trail.stand_in("name", name))
        _refuse_until(counted, now)

    async def _counted_of_stranger(self, counters: AttemptStorage, name: str, now: datetime) -> list[_Counted]:
        counted = [
            await _counted(counters, PAIR, key_of("pair", name, self.network), now),
            await _counted(counters, NETWORK, key_of("network", self.network), now),
        ]
        if not await counters.is_remembered(key_of("known", name, self.network), now):
            counted.append(await _counted(counters, NAME, key_of("name", name), now))
        return counted

    def _device_key(self, kind: str, name: str) -> bytes:
        return key_of(f"device {kind}", name, self.device or "")

    async def _is_known_device(self, counters: AttemptStorage, name: str, now: datetime) -> bool:
        return self.device is not None and await counters.is_remembered(self._device_key("known", name), now)

    async def _know_device(self, counters: AttemptStorage, *names: str, now: datetime) -> None:
        """Know the device from now on; one that nobody has signed in on gets a name of ours, whatever it came with."""
        if not await self._is_known_device(counters, _ANYBODY, now):
            self.device = new_device()
        for name in (_ANYBODY, *names):
            await counters.remember(self._device_key("known", name), now + KNOWN_FOR)

    async def is_first_refusal(self, name: str) -> bool:
        """Count that this network was refused under a name, and say whether that is to be told: once in a while."""
        async with self._units() as unit:
            key = key_of(REFUSAL.kind, name, self.network)
            counted = await _counted(unit.counters, REFUSAL, key, self._clock.now())
        return counted.over <= 0

    async def _tell_first(
        self,
        trail: SecurityTrail,
        counted: list[_Counted],
        *,
        name_tried: str | None = None,
        account_id: AccountId | None = None,
    ) -> None:
        """Tell that from now on attempts are held up, and not again with each of them."""
        for one in counted:
            if one.over == 1:
                told = Told(
                    SecurityEventKind.ATTEMPTS_HELD_UP,
                    None,
                    account_id=account_id,
                    reason=one.limit.kind,
                    name_tried=name_tried,
                    network=trail.stand_in("network", self.network),
                )
                await trail.tell(told)

    async def name_was_right(self, name: str) -> None:
        """Take back this person's attempts from here: the person signed in, and is known here from now on."""
        now = self._clock.now()
        async with self._units() as unit:
            counters = unit.counters
            known = key_of("known", name, self.network)
            if await self._is_known_device(counters, name, now):
                await counters.forget(self._device_key("tried", name))
            else:
                # In the order in which they are counted, or two could wait for each other.
                attempts = await counters.forget(key_of("pair", name, self.network))
                await counters.take_back(key_of("network", self.network), attempts)
                if not await counters.is_remembered(known, now):
                    await counters.take_back(key_of("name", name), attempts)
            await counters.remember(known, now + KNOWN_FOR)
            await self._know_device(counters, name, now=now)
            await counters.sweep(now)

    async def try_network(self) -> None:
        """Count an attempt to sign in without a name: with a passkey, or with a link that was sent.

        Raises:
            TriedTooOftenError: This device, or this network, may not try anything at the moment.
        """
        now = self._clock.now()
        async with self._units() as unit:
            if await self._is_known_device(unit.counters, _ANYBODY, now):
                counted = [await _counted(unit.counters, DEVICE, self._device_key("tried", _ANYBODY), now)]
            else:
                counted = [await _counted(unit.counters, NETWORK, key_of("network", self.network), now)]
            await self._tell_first(unit.trail, counted)
        _refuse_until(counted, now)

    async def network_was_right(self, *, is_signed_in: bool = False) -> None:
        """Take back one attempt of this network or device; whoever is signed in makes it known, and begins again.

        A link that opens says nothing of the wrong passwords that came with it.
        """
        now = self._clock.now()
        async with self._units() as unit:
            is_known = await self._is_known_device(unit.counters, _ANYBODY, now)
            tried = self._device_key("tried", _ANYBODY)
            if is_known and is_signed_in:
                await unit.counters.forget(tried)
            else:
                await unit.counters.take_back(tried if is_known else key_of("network", self.network), 1)
            if is_signed_in:
                await self._know_device(unit.counters, now=now)

    async def ask_for_letter(self) -> None:
        """Count that this network asks for a letter, whoever it is to.

        Raises:
            TriedTooOftenError: It may not ask for more at the moment.
        """
        await self._count(LETTER, key_of("letter", self.network))

    async def try_user_code(self) -> None:
        """Count an attempt with the code that a device shows.

        Raises:
            TriedTooOftenError: Too many from this device, or this network, were wrong.
        """
        now = self._clock.now()
        async with self._units() as unit:
            counted = [await _counted(unit.counters, USER_CODE, await self._user_code_key(unit.counters, now), now)]
            await self._tell_first(unit.trail, counted)
        _refuse_until(counted, now)

    async def user_code_was_right(self) -> None:
        """Take back one attempt with a device's code."""
        async with self._units() as unit:
            await unit.counters.take_back(await self._user_code_key(unit.counters, self._clock.now()), 1)

    async def _user_code_key(self, counters: AttemptStorage, now: datetime) -> bytes:
        """Return what is counted of codes: a device on which somebody has signed in counts by itself."""
        is_known = await self._is_known_device(counters, _ANYBODY, now)
        return self._device_key("user_code", _ANYBODY) if is_known else key_of("user_code", self.network)

    async def try_code(self, account_id: AccountId) -> None:
        """Count an attempt of a signed-in person with a code, or with the password once more.

        Raises:
            TriedTooOftenError: Too many were wrong.
        """
        await self._count(CODE, key_of("code", str(account_id), self.network), account_id=account_id)

    async def code_was_right(self, account_id: AccountId) -> None:
        """Begin again to count the person's attempts."""
        async with self._units() as unit:
            await unit.counters.forget(key_of("code", str(account_id), self.network))

    async def _count(self, limit: Limit, key: bytes, *, account_id: AccountId | None = None) -> None:
        now = self._clock.now()
        async with self._units() as unit:
            counted = [await _counted(unit.counters, limit, key, now)]
            await self._tell_first(unit.trail, counted, account_id=account_id)
        _refuse_until(counted, now)


async def _counted(counters: AttemptStorage, limit: Limit, key: bytes, now: datetime) -> _Counted:
    count, ends_at = await counters.count(key, window=limit.window, now=now)
    return _Counted(limit, count - limit.most, ends_at)


def _refuse_until(counted: list[_Counted], now: datetime) -> None:
    latest = max((one.ends_at for one in counted if one.over > 0), default=None)
    if latest is not None:
        raise TriedTooOftenError(math.ceil((latest - now).total_seconds()))
