"""`bench sign-in`: how long a sign-in takes beside the one hash in it, alone and with others at the same moment.

Waves of sign-ins and of bare hashes take turns. In a wave every caller begins at once; the hashes of a wave wait for as
many threads as those of the gateway do, so both wait for the same.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, Final

from argon2 import PasswordHasher

from services.gateway.passwords import HashingCost
from services.gateway.settings import GatewaySettings
from services.operator.bench.timing import machine, quantiles
from services.operator.drill.checklist.probes.calling import UNHEARD
from services.operator.drill.checklist.world import PASSWORD, Person, World
from services.operator.lifecycle import say
from services.operator.stack import Addresses, running_stack

_CALLERS: Final = (1, 8)
_COST: Final = HashingCost()
_THREADS: Final[int] = GatewaySettings.model_fields["hashing_threads"].default

_One = Callable[[Person], Awaitable[object]]


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of a sign-in and of a bare hash, by how many callers there are at once."""
    with running_stack(progress=say) as addresses:
        return asyncio.run(sign_ins(addresses, arguments.rounds)) | {"machine": machine()}


async def sign_ins(addresses: Addresses, rounds: int) -> dict[str, Any]:
    """Sign people in on a running stack, so many waves of each size after one that warms up."""
    UNHEARD.set([])
    world = World(addresses)
    hasher = PasswordHasher(_COST.rounds, _COST.memory_kib, _COST.lanes)
    hashed, loop = hasher.hash(PASSWORD), asyncio.get_running_loop()
    with ThreadPoolExecutor(_THREADS) as pool:
        ways: Mapping[str, _One] = {
            "sign_in": world.session,
            "argon2": lambda _: loop.run_in_executor(pool, hasher.verify, hashed, PASSWORD),
        }
        try:
            people = [await world.person() for _ in range(max(_CALLERS))]
            callers = {str(many): await _figures(ways, people[:many], rounds) for many in _CALLERS}
        finally:
            await world.sessions.close()
    return {
        "callers": callers,
        "hashing": {"memory_kib": _COST.memory_kib, "rounds": _COST.rounds, "threads": _THREADS},
    }


async def _figures(ways: Mapping[str, _One], people: Sequence[Person], rounds: int) -> dict[str, Any]:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            wave = await asyncio.gather(*(_seconds_of(way, person) for person in people))
            if number:  # the first warms up
                seconds[name] += wave
    figures = {name: quantiles(taken) for name, taken in seconds.items()}
    return {**figures, "p95_to_argon2": round(figures["sign_in"]["p95"] / figures["argon2"]["p95"], 2)}


async def _seconds_of(way: _One, person: Person) -> float:
    begun = perf_counter()
    await way(person)
    return perf_counter() - begun


def table(figures: Mapping[str, Any]) -> str:
    """Word the figures for a person."""
    lines = [f"{'at once':<9}{'':<10}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}"]
    for many, of in figures["callers"].items():
        for name in ("sign_in", "argon2"):
            at = "".join(f"{1000 * of[name][quantile]:>9.1f}" for quantile in ("p50", "p95", "max"))
            lines.append(f"{many:<9}{name:<10}{at}")
    return "\n".join([*lines, figures["machine"]])
