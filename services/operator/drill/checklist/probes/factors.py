"""An authenticator application: knows a secret, and shows a fresh code of it each time it is looked at."""

from typing import Self

import pyotp

from services.chassis.clock import Clock
from services.operator.drill.checklist.probes.calling import Caller


class FactorRefusedError(Exception):
    """A second factor could not be set up; the text says what was answered."""


class Authenticator:
    """Shows codes of the half minute that is wanted: of those used once, the second use would be refused."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self.secret = secret
        self.recovery_codes: list[str] = []
        self._totp = pyotp.TOTP(secret)
        self._clock = clock
        self.last_code = ""

    @classmethod
    async def enrol(cls, caller: Caller, password: str, clock: Clock) -> Self:
        """Set up one-time codes for who calls; raises FactorRefusedError."""
        begun = await caller.post("/v1/me/totp", {"password": password})
        made = cls((begun.json() or {}).get("secret") or pyotp.random_base32(), clock)
        confirmed = await caller.post("/v1/me/totp:confirm", {"one_time_code": made.code()})
        if confirmed.status != 200:  # noqa: PLR2004 - the status of a confirmation
            raise FactorRefusedError(f"one-time codes were not set up: {begun.status}, {confirmed.status}")
        made.recovery_codes = confirmed.json()["codes"]
        return made

    def code(self, steps: int = 0) -> str:
        """Return the code of the present half minute, or of so many later."""
        return self._totp.generate_otp(self._totp.timecode(self._clock.now()) + steps)

    def next_code(self) -> str:
        """Return the code of the next half minute, which counts already: that of this one has set it up."""
        self.last_code = self.code(1)
        return self.last_code
