"""Answers that go on for minutes: they end with the access of who hears them (gateway checklist 50 and 76)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from services.chassis.clock import Clock
from services.chassis.edge import Send
from services.chassis.errors import TokenNotTakenError
from services.contracts.identity import Principal
from services.gateway.ended import EndedTokens


class Listener(NamedTuple):
    """Who hears a stream, and until when the token is good: a second of the POSIX epoch."""

    principal: Principal
    expires_at: float


class Streams:
    """Cuts streams whose listener's token was ended or is over; a stream is answered again from where it was left."""

    def __init__(self, ended: EndedTokens, clock: Clock) -> None:
        self._ended = ended
        self._clock = clock

    async def relay(self, listener: Listener, answer: Callable[[Send], Awaitable[None]], send: Send) -> None:
        """Send an answer while its listener may hear it, and then its end.

        Raises:
            TokenNotTakenError: The token ended before the answer began.
        """
        is_begun = False

        async def begin(message: Any) -> None:
            nonlocal is_begun
            is_begun = True
            await send(message)

        loop = asyncio.get_running_loop()
        limit = asyncio.timeout(listener.expires_at - self._clock.now().timestamp())
        try:
            async with limit:
                with self._ended.watched(listener.principal, lambda: limit.reschedule(loop.time())):
                    await answer(begin)
        except TimeoutError:
            if not limit.expired():
                raise
            if not is_begun:
                raise TokenNotTakenError from None
            await send({"type": "http.response.body", "body": b"", "more_body": False})
