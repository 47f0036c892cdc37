"""Devices: they begin to wait, and a person finds them by the code that they show."""

import secrets
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta

from services.chassis.clock import Clock
from services.contracts.identifiers import OauthClientId
from services.gateway.attempts.logic import AttemptsLogic
from services.gateway.devices.device import Device
from services.gateway.devices.rules import (
    INTERVAL,
    LIFETIME,
    REMEMBERED,
    digest_of,
    new_user_code,
    read_user_code,
)
from services.gateway.devices.storage import DeviceStorage

DeviceUnits = Callable[[], AbstractAsyncContextManager[DeviceStorage]]
"""Opens a transaction that sees devices."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a device is given: one code to ask with, and one to show."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)
    lifetime: timedelta = LIFETIME
    interval: timedelta = INTERVAL


class DevicesLogic:
    """Keeps devices that wait for a person."""

    def __init__(self, units: DeviceUnits, attempts: AttemptsLogic, clock: Clock) -> None:
        self._units = units
        self._attempts = attempts
        self._clock = clock

    async def begin(self, client_id: OauthClientId, scopes: tuple[str, ...]) -> Shown:
        """Let a device wait for a person."""
        device_code, is_kept = secrets.token_urlsafe(32), False
        user_code = ""
        while not is_kept:
            user_code = new_user_code()
            now = self._clock.now()
            async with self._units() as devices:
                is_kept = await devices.add(
                    digest_of(device_code),
                    digest_of(user_code),
                    client_id,
                    scopes,
                    interval=INTERVAL,
                    created_at=now,
                    expires_at=now + LIFETIME,
                    forgotten_before=now - REMEMBERED,
                )
        return Shown(device_code, user_code)

    async def showing(self, typed: str) -> tuple[str, Device] | None:
        """Return the code that a person typed, as its device shows it, and the device; None where none waits with it.

        Raises:
            TriedTooOftenError: This network has typed too many that no device shows.
        """
        await self._attempts.try_user_code()
        user_code = read_user_code(typed)
        if user_code is None:
            return None
        async with self._units() as devices:
            device = await devices.showing(digest_of(user_code), self._clock.now())
        if device is None:
            return None
        await self._attempts.user_code_was_right()
        return user_code, device

    async def decline(self, user_code: str, client_id: OauthClientId) -> None:
        """Keep that a person did not let a device in; one that was decided about, or waits no more, stays as it is."""
        async with self._units() as devices:
            await devices.decide(digest_of(user_code), client_id, None, self._clock.now())
