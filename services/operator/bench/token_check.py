"""What it costs the gateway to find out who calls, without the request around it."""

from typing import Final

from services.chassis.clock import Clock
from services.chassis.tokens import KeyRing
from services.gateway.authentication import AccessTokens
from services.gateway.ended import EndedTokens
from services.operator.bench.gateway_process import BENCH_ISSUER, bench_token
from services.operator.bench.timing import timed
from services.operator.drill.tokens.forging import new_key

_TOKENS: Final = 200
_RUNS: Final = 9
_REQUESTS: Final = 30
"""Of a caller while a verified token is remembered: one a second."""


def token_check() -> dict[str, float]:
    """Return the microseconds of CPU of a check.

    `cold` is of a token that was not seen before, `remembered` of one that was verified within the last 30 seconds,
    and `amortized` what each of the 30 requests costs that a caller sends meanwhile, one a second.
    """
    keys, clock = KeyRing((new_key(),)), Clock()
    tokens = [bench_token(keys, clock) for _ in range(_TOKENS)]

    def see_first() -> AccessTokens:
        access = AccessTokens(keys, EndedTokens(), issuer=BENCH_ISSUER, clock=clock)
        see(access)
        return access

    def see(access: AccessTokens) -> None:
        for token in tokens:
            access.verify(token)

    access, first = timed(see_first, _RUNS)
    _, again = timed(lambda: see(access), _RUNS)
    cold, remembered = (1e6 * timing.cpu_seconds / _TOKENS for timing in (first, again))
    amortized = (cold + (_REQUESTS - 1) * remembered) / _REQUESTS
    return {name: round(us, 2) for name, us in (("cold", cold), ("remembered", remembered), ("amortized", amortized))}
