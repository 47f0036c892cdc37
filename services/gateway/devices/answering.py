"""What is done with a device in the transaction of whoever grants or gives tokens: all of it stands, or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.chassis.clock import Clock
from services.contracts.identifiers import GrantId, OauthClientId, OrganizationId
from services.gateway.devices.rules import SLOWER, DeviceAnswer, answer_to, digest_of
from services.gateway.devices.storage import DeviceStorage
from services.gateway.oauth_refusals import (
    AccessDeniedError,
    AuthorizationPendingError,
    ExpiredTokenError,
    InvalidGrantError,
    OauthRefusalError,
    SlowDownError,
)

_REFUSALS: Final[Mapping[DeviceAnswer, Callable[[], OauthRefusalError]]] = {
    DeviceAnswer.PENDING: AuthorizationPendingError,
    DeviceAnswer.SLOW_DOWN: SlowDownError,
    DeviceAnswer.DECLINED: AccessDeniedError,
    DeviceAnswer.EXPIRED: ExpiredTokenError,
}


@dataclass(frozen=True, slots=True)
class Polled:
    """What a device is to be told, and what it was granted where somebody let it in."""

    answer: DeviceAnswer
    granted: tuple[OrganizationId, GrantId] | None

    @property
    def refusal(self) -> OauthRefusalError | None:
        """The refusal that says it, to be raised once the question is kept; None where it is about what was granted."""
        kind = _REFUSALS.get(self.answer)
        return None if kind is None else kind()


class DeviceAnswering:
    """Answers devices that ask, and keeps what a person has decided."""

    def __init__(self, devices: DeviceStorage, clock: Clock) -> None:
        self._devices = devices
        self._clock = clock

    async def let_in(self, user_code: str, client_id: OauthClientId, granted: tuple[OrganizationId, GrantId]) -> bool:
        """Keep what a person granted to the device that shows a code. Says no where it is too late."""
        return await self._devices.decide(digest_of(user_code), client_id, granted, self._clock.now())

    async def poll(self, device_code: str, client_id: OauthClientId) -> Polled:
        """Say what a device is told that asks now; whoever asks with the same code waits until this is over.

        Raises:
            InvalidGrantError: There is no such device of this application, or it was told that it is declined.
        """
        now, key = self._clock.now(), digest_of(device_code)
        device = await self._devices.locked(key)
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
            await self._devices.note_poll(key, now, device.interval + slower)
        elif answer is DeviceAnswer.DECLINED:
            await self._devices.forget(key)
        if device.organization_id is None or device.grant_id is None:
            return Polled(answer, None)
        return Polled(answer, (device.organization_id, device.grant_id))

    async def has_tokens(self, device_code: str) -> None:
        """Keep that the device has its tokens, in the transaction that made them."""
        await self._devices.note_told(digest_of(device_code), self._clock.now())
