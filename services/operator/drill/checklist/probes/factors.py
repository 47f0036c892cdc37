"""An authenticator application: knows a secret, and shows a fresh code of it each time it is looked at."""

from collections.abc import Iterator
from typing import Self

import pyotp

from services.chassis.clock import Clock
from services.operator.drill.checklist.probes.calling import Caller


class FactorRefusedError(Exception):
    """A second factor could not be set up; the text says what was answered."""


class Authenticator:
    """Counts steps of half a minute ahead, so that no code is shown twice: the second use would be refused."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self.secret = secret
        self.recovery_codes: list[str] = []
        self._totp = pyotp.TOTP(secret)
        self._clock = clock
        self._steps: Iterator[int] = iter(())
        self.last_code = ""

    @classmethod
    async def enrol(cls, caller: Caller, password: str, clock: Clock) -> Self:
        """Set up one-time codes for who calls; raises FactorRefusedError."""
        begun = await caller.post("/v1/me/totp", {"password": password})
        made = cls((begun.json() or {}).get("secret") or pyotp.random_base32(), clock)
        # The step before this one counts too, so two more are left for whoever signs in at once.
        confirmed = await caller.post("/v1/me/totp:confirm", {"one_time_code": made.code(-1)})
        if confirmed.status != 200:  # noqa: PLR2004 - the status of a confirmation
            raise FactorRefusedError(f"one-time codes were not set up: {begun.status}, {confirmed.status}")
        made.recovery_codes = confirmed.json()["codes"]
        made._steps = iter((0, 1))
        return made

    def code(self, steps: int = 0) -> str:
        """Return the code of the present half minute, or of so many later."""
        return self._totp.generate_otp(self._totp.timecode(self._clock.now()) + steps)

    def next_code(self) -> str:
        """Return a code that has not been used yet; there are two."""
        self.last_code = self.code(next(self._steps))
        return self.last_code
