"""For which names this gateway answers; whoever asks for another was led here (DNS rebinding, a poisoned link)."""

import re
from collections.abc import Iterable
from typing import Final

from services.gateway.errors import MalformedRequestError
from services.gateway.proxy.requests import IncomingRequest

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_MOST_KNOWN: Final = 256
_AUTHORITY: Final = re.compile(rb"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::[0-9]{1,5})?")


class Hosts:
    """The names in `Host` that are ours, without port and in any case."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name.lower().encode("ascii") for name in names)
        self._known: set[bytes] = set()

    def refuse_foreign(self, request: IncomingRequest) -> None:
        """Let a request pass that asks for us.

        Raises:
            MalformedRequestError: It asks for another host, or for none that a URL could name.
        """
        said = request.headers[b"host"]
        if said in self._known:
            return
        authority = _AUTHORITY.fullmatch(said)
        if authority is None or authority[1].lower() not in self._names:
            raise MalformedRequestError("Send the host name of this installation in host.")
        if len(self._known) < _MOST_KNOWN:
            self._known.add(said)
