"""Devices: they ask, a person decides, and they are told."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from services.chassis.clock import Clock
from services.contracts.identifiers import GrantId, OauthClientId, OrganizationId
from services.gateway.attempts.logic import AttemptsLogic
from services.gateway.devices.device import Device
from services.gateway.devices.rules import (
    INTERVAL,
    LIFETIME,
    REMEMBERED,
    SLOWER,
    DeviceAnswer,
    answer_to,
    digest_of,
    new_user_code,
    read_user_code,
)
from services.gateway.devices.storage import DeviceStorage
from services.gateway.oauth_refusals import (
    AccessDeniedError,
    AuthorizationPendingError,
    ExpiredTokenError,
    InvalidGrantError,
    OauthRefusalError,
    SlowDownError,
)

DeviceUnits = Callable[[], AbstractAsyncContextManager[DeviceStorage]]
"""Opens a transaction that sees devices."""
_REFUSALS: Final[Mapping[DeviceAnswer, Callable[[], OauthRefusalError]]] = {
    DeviceAnswer.PENDING: AuthorizationPendingError,
    DeviceAnswer.SLOW_DOWN: SlowDownError,
    DeviceAnswer.DECLINED: AccessDeniedError,
    DeviceAnswer.EXPIRED: ExpiredTokenError,
}


def _refusal_of(answer: DeviceAnswer) -> OauthRefusalError:
    return _REFUSALS[answer]()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a device is given: one code to ask with, and one to show."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)
    lifetime: timedelta = LIFETIME
    interval: timedelta = INTERVAL


class DevicesLogic:
    """Keeps devices that wait, each until it is told once what the person decided."""

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

    async def decide(
        self, user_code: str, client_id: OauthClientId, granted: tuple[OrganizationId, GrantId] | None
    ) -> bool:
        """Keep what a person has decided: what was granted, or nothing. Says no where it is too late."""
        async with self._units() as devices:
            return await devices.decide(digest_of(user_code), client_id, granted, self._clock.now())

    async def granted(self, device_code: str, client_id: OauthClientId) -> tuple[OrganizationId, GrantId]:
        """Return what a device was granted, once.

        Raises:
            InvalidGrantError: There is no such device of this application, or it has been told already.
            OauthRefusalError: Nobody has decided yet, it asks too often, the person declined, or it is too late.
        """
        now, key = self._clock.now(), digest_of(device_code)
        async with self._units() as devices:
            device = await devices.locked(key)
            if device is None or device.client_id != client_id:
                raise InvalidGrantError
            answer = answer_to(
                device.status,
                now=now,
                expires_at=device.expires_at,
                polled_at=device.polled_at,
                interval=device.interval,
            )
            if answer in {DeviceAnswer.PENDING, DeviceAnswer.SLOW_DOWN}:
                slower = SLOWER if answer is DeviceAnswer.SLOW_DOWN else timedelta()
                await devices.note_poll(key, now, device.interval + slower)
            elif answer is not DeviceAnswer.EXPIRED:
                await devices.forget(key)
        # Only now: that it asked too often, and that it was told, is written down in any case.
        if answer is not DeviceAnswer.TOKENS or device.organization_id is None or device.grant_id is None:
            raise _refusal_of(answer)
        return device.organization_id, device.grant_id
