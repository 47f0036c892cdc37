"""Which tokens are refused before they expire, as this process knows."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Principal


def ids_of(principal: Principal) -> frozenset[str]:
    """Return the ids by which a caller's token is ended: its own, its login session's and its organization's."""
    ids = {principal.token_id}
    if principal.sign_in is not None:
        ids.add(str(principal.sign_in.login_session_id))
    if principal.organization_id is not None:
        ids.add(str(principal.organization_id))
        if principal.sign_in is None and principal.delegation is None:
            ids.add(outside_sessions(principal.organization_id))
    return frozenset(ids)


def outside_sessions(organization_id: OrganizationId) -> str:
    """Return the id by which tokens of an organization are ended that neither a sign-in nor a grant gave.

    An installation's own command makes them, and nothing of them is kept.
    """
    return f"{organization_id} outside sessions"


class EndedTokens:
    """The ids of access tokens that were ended, and of login sessions and organizations whose tokens were all ended."""

    def __init__(self) -> None:
        self._ids: frozenset[str] = frozenset()
        self._since_reading: frozenset[str] = frozenset()
        self._watched: dict[object, tuple[Principal, Callable[[], None]]] = {}

    def covers(self, ended_id: str) -> bool:
        """Say whether this token, or this session, was ended."""
        return ended_id in self._ids

    def refuses(self, principal: Principal) -> bool:
        """Say whether a caller is refused; an internal token has the ids of the access token it was made for."""
        return self.covers_any(ids_of(principal))

    def covers_any(self, ids: frozenset[str]) -> bool:
        """Say whether one of these was ended; the ids of one caller stay the same."""
        return not self._ids.isdisjoint(ids)

    def add(self, ids: Iterable[str]) -> None:
        """Refuse more from now on; what the next reading does not find written down is forgotten with it."""
        more = frozenset(ids)
        self._ids |= more
        self._since_reading |= more
        self._tell()

    def begin_reading(self) -> None:
        """Note that what is written down is going to be read: what is ended from now on, that may not find."""
        self._since_reading = frozenset()

    def replace(self, ids: Iterable[str]) -> None:
        """Refuse these, as they were read, and what was ended since the reading began."""
        self._ids = frozenset(ids) | self._since_reading
        self._tell()

    @contextmanager
    def watched(self, principal: Principal, on_end: Callable[[], None]) -> Iterator[None]:
        """Call `on_end` once this caller is refused, at once where that is so already."""
        watching = object()
        self._watched[watching] = (principal, on_end)
        try:
            if self.refuses(principal):
                on_end()
            yield
        finally:
            self._watched.pop(watching, None)

    def _tell(self) -> None:
        for watching, (principal, on_end) in list(self._watched.items()):
            if self.refuses(principal):
                del self._watched[watching]
                on_end()
