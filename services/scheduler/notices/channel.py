"""The way out of the house: a port that carries one message, and the signed webhook that is behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import orjson

from services.chassis.handing_over import Carriage, Carrier, Handover
from services.contracts.identifiers import NoticeId
from services.contracts.scheduler.notices import NoticeChannel, NoticeLanguage

__all__ = ["Carriage", "Carrier", "Message", "MessageChannel", "WebhookChannel"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `id` is the idempotency key, the same in every attempt. The repr shows nothing of the patient."""

    id: NoticeId
    channel: NoticeChannel
    address: str = field(repr=False)
    language: NoticeLanguage
    text: str = field(repr=False)


class MessageChannel(Protocol):
    """Carries messages out of the house, at least once each."""

    def check(self, url: str) -> None:
        """Refuse a carrier that can be seen to be none.

        Raises:
            ValueError: The words say what is wanted.
        """

    async def carry(self, message: Message, carrier: Carrier, now: datetime) -> Carriage:
        """Hand a message over; whatever goes wrong outside is an answer, never an exception."""


class WebhookChannel:
    """Hands notices over by signed webhooks; `webhook-id` is the notice's id."""

    def __init__(self, *, allows_loopback: bool = False) -> None:
        self._handover = Handover(allows_loopback=allows_loopback)

    def check(self, url: str) -> None:
        """Refuse a URL that leads nowhere good.

        Raises:
            ValueError: The words say what is wanted.
        """
        self._handover.check(url)

    async def carry(self, message: Message, carrier: Carrier, now: datetime) -> Carriage:
        """Hand a message over; the provider answers with 2xx once it has taken it."""
        body = orjson.dumps({"type": "notice.send", "timestamp": now, "data": _data(message)})
        return await self._handover.hand_over(carrier, str(message.id), body, agent="notices", now=now)


def _data(message: Message) -> Mapping[str, str]:
    return {
        "id": str(message.id),
        "channel": message.channel.value,
        "to": message.address,
        "language": message.language.value,
        "text": message.text,
    }
