"""Who may try now."""

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.chassis.clock import Clock
from services.contracts.identifiers import AccountId, OrganizationId
from services.gateway.attempts.devices import MOST_PEOPLE, new_device
from services.gateway.attempts.rules import (
    ALERT,
    CODE,
    DEVICE,
    KNOWN_FOR,
    LETTER,
    LINK,
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
_BY_PASSKEY: Final = "passkey"
"""Whoever signs in on a device with a passkey; an address, which a name is, has an `@`."""

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

    def __init__(self, units: AttemptUnits, network: str, clock: Clock, *, devices: tuple[str, ...] = ()) -> None:
        self._units = units
        self.network = network
        self.devices = devices
        """What the caller's device is known by, once for each person; named by us when somebody has signed in on it."""
        self._clock = clock
        self._is_stranger = False
        """Whether the attempt in hand was counted as one of somebody who has not signed in on this device."""

    async def try_name(self, name: str) -> None:
        """Count an attempt to sign in with a name.

        Raises:
            TriedTooOftenError: This network may not try this name, or any name, at the moment, and neither may this
                device, if the name has signed in on it.
        """
        now = self._clock.now()
        async with self._units() as unit:
            name_tried = unit.trail.stand_in("name", name)
            if await self._is_within_device(unit, name, DEVICE, now, name_tried=name_tried):
                return
            counted = await self._counted_of_stranger(unit.counters, name, now)
            await self._tell_first(unit.trail, counted, name_tried=name_tried)
        _refuse_until(counted, now)

    async def _is_within_device(
        self, unit: AttemptUnit, name: str, limit: Limit, now: datetime, *, name_tried: str | None = None
    ) -> bool:
        """Count an attempt on a device that a name is known on; says no where it is none, or was tried too often.

        Such an attempt then counts as a stranger's, like that of whoever has copied the device's cookie: the person may
        still try from a network that nobody else tries from.
        """
        device = await self._own_device(unit.counters, name, now)
        self._is_stranger = device is None
        if device is None:
            return False
        counted = await _counted(unit.counters, {_device_key(limit.kind, name, device): limit}, now)
        await self._tell_first(unit.trail, counted, name_tried=name_tried)
        self._is_stranger = counted[0].over > 0
        return not self._is_stranger

    async def _counted_of_stranger(self, counters: AttemptStorage, name: str, now: datetime) -> list[_Counted]:
        limits = {key_of("pair", name, self.network): PAIR, key_of("network", self.network): NETWORK}
        if not await counters.is_remembered(key_of("known", name, self.network), now):
            limits[key_of("name", name)] = NAME
        return await _counted(counters, limits, now)

    async def _own_device(self, counters: AttemptStorage, name: str, now: datetime) -> str | None:
        """Return by what the device is known to a name, or None where it is not; of several, the latest.

        So an attempt is taken back where it was counted.
        """
        keys = {device: _device_key("known", name, device) for device in self.devices}
        known = frozenset(await counters.remembered(keys.values(), now)) if keys else frozenset()
        return next((device for device, key in keys.items() if key in known), None)

    async def _know_device(self, counters: AttemptStorage, name: str, now: datetime, *also: bytes) -> None:
        """Know the device by another name of ours from now on, and `also` as long; the one before no more."""
        old, new = await self._own_device(counters, name, now), new_device()
        if old is not None:
            for known in (_ANYBODY, name):
                await counters.forget(_device_key("known", known, old))
        known_by = (_device_key("known", known, new) for known in (_ANYBODY, name))
        await counters.remember([*also, *known_by], now + KNOWN_FOR)
        self.devices = (new, *(device for device in self.devices if device != old))[:MOST_PEOPLE]

    async def is_first_refusal(self, name: str) -> bool:
        """Count that this network was refused under a name, and say whether that is to be told: once in a while."""
        async with self._units() as unit:
            key = key_of(REFUSAL.kind, name, self.network)
            [counted] = await _counted(unit.counters, {key: REFUSAL}, self._clock.now())
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
            device = await self._own_device(counters, name, now)
            if device is not None:
                await counters.forget(_device_key(DEVICE.kind, name, device))
            if self._is_stranger:
                # In the order in which they are counted, or two could wait for each other.
                attempts = await counters.forget(key_of("pair", name, self.network))
                await counters.take_back(key_of("network", self.network), attempts)
                if not await counters.is_remembered(known, now):
                    await counters.take_back(key_of("name", name), attempts)
            await self._know_device(counters, name, now, known)
            await counters.sweep(now)

    async def try_network(self) -> None:
        """Count an attempt to sign in without a name: with a passkey, or with a link that was sent.

        Raises:
            TriedTooOftenError: This network may not try anything at the moment, and neither may this device, if
                somebody has signed in on it.
        """
        now = self._clock.now()
        async with self._units() as unit:
            if await self._is_within_device(unit, _ANYBODY, DEVICE, now):
                return
            counted = await _counted(unit.counters, {key_of("network", self.network): NETWORK}, now)
            await self._tell_first(unit.trail, counted)
        _refuse_until(counted, now)

    async def network_was_right(self, *, is_signed_in: bool = False) -> None:
        """Take back one attempt of this network or device; whoever is signed in makes it known, and begins again.

        A link that opens says nothing of the wrong passwords that came with it.
        """
        now = self._clock.now()
        async with self._units() as unit:
            device = await self._own_device(unit.counters, _ANYBODY, now)
            tried = None if device is None else _device_key(DEVICE.kind, _ANYBODY, device)
            if tried is not None and is_signed_in:
                await unit.counters.forget(tried)
            if self._is_stranger or tried is None:
                await unit.counters.take_back(key_of("network", self.network), 1)
            elif not is_signed_in:
                await unit.counters.take_back(tried, 1)
            if is_signed_in:
                await self._know_device(unit.counters, _BY_PASSKEY, now)

    async def try_link(self, digest: bytes) -> None:
        """Count a password that came with a link, whoever has it; only that link is held up by it.

        Raises:
            TriedTooOftenError: Too many were wrong.
        """
        await self._count(LINK, key_of(LINK.kind, digest.hex()))

    async def link_was_right(self, digest: bytes) -> None:
        """Take back one password that came with a link: it was right, or was not looked at."""
        async with self._units() as unit:
            await unit.counters.take_back(key_of(LINK.kind, digest.hex()), 1)

    async def ask_for_letter(self) -> None:
        """Count that this network asks for a letter, whoever it is to.

        Raises:
            TriedTooOftenError: It may not ask for more at the moment.
        """
        await self._count(LETTER, key_of("letter", self.network))

    async def alert_due_at(self, organization_id: OrganizationId, account_id: AccountId) -> datetime | None:
        """Count an alert to somebody, and say when its letter is due; None where a later one tells of it.

        The first is due at once, and the second when the window ends: it tells of all that came meanwhile.
        """
        now, key = self._clock.now(), key_of(ALERT.kind, str(organization_id), str(account_id))
        async with self._units() as unit:
            [counted] = await _counted(unit.counters, {key: ALERT}, now)
        if counted.over <= 0:
            return now
        return counted.ends_at if counted.over == 1 else None

    async def try_user_code(self) -> None:
        """Count an attempt with the code that a device shows.

        Raises:
            TriedTooOftenError: Too many from this network were wrong, and from this device, if it is a known one.
        """
        now = self._clock.now()
        async with self._units() as unit:
            if await self._is_within_device(unit, _ANYBODY, USER_CODE, now):
                return
            counted = await _counted(unit.counters, {key_of(USER_CODE.kind, self.network): USER_CODE}, now)
            await self._tell_first(unit.trail, counted)
        _refuse_until(counted, now)

    async def user_code_was_right(self) -> None:
        """Take back one attempt with a device's code."""
        async with self._units() as unit:
            device = await self._own_device(unit.counters, _ANYBODY, self._clock.now())
            if self._is_stranger or device is None:
                await unit.counters.take_back(key_of(USER_CODE.kind, self.network), 1)
            else:
                await unit.counters.take_back(_device_key(USER_CODE.kind, _ANYBODY, device), 1)

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
            counted = await _counted(unit.counters, {key: limit}, now)
            await self._tell_first(unit.trail, counted, account_id=account_id)
        _refuse_until(counted, now)


def _device_key(kind: str, name: str, device: str) -> bytes:
    return key_of(f"device {kind}", name, device)


async def _counted(counters: AttemptStorage, limits: Mapping[bytes, Limit], now: datetime) -> list[_Counted]:
    counted = await counters.count({key: limit.window for key, limit in limits.items()}, now)
    return [
        _Counted(limit, count - limit.most, ends_at)
        for key, limit in limits.items()
        for count, ends_at in [counted[key]]
    ]


def _refuse_until(counted: list[_Counted], now: datetime) -> None:
    latest = max((one.ends_at for one in counted if one.over > 0), default=None)
    if latest is not None:
        raise TriedTooOftenError(math.ceil((latest - now).total_seconds()))
