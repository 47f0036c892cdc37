"""Which tokens are refused before they expire, as this process knows."""

from collections.abc import Iterable

from services.contracts.identity import Principal


class EndedTokens:
    """The ids of access tokens that were ended, and of login sessions whose tokens were all ended with them."""

    def __init__(self) -> None:
        self._ids: frozenset[str] = frozenset()
        self._since_reading: frozenset[str] = frozenset()

    def covers(self, ended_id: str) -> bool:
        """Say whether this token, or this session, was ended."""
        return ended_id in self._ids

    def refuses(self, principal: Principal) -> bool:
        """Say whether a caller is refused; an internal token has the ids of the access token it was made for."""
        if self.covers(principal.token_id):
            return True
        return principal.sign_in is not None and self.covers(str(principal.sign_in.login_session_id))

    def add(self, ids: Iterable[str]) -> None:
        """Refuse more from now on; what the next reading does not find written down is forgotten with it."""
        more = frozenset(ids)
        self._ids |= more
        self._since_reading |= more

    def begin_reading(self) -> None:
        """Note that what is written down is going to be read: what is ended from now on, that may not find."""
        self._since_reading = frozenset()

    def replace(self, ids: Iterable[str]) -> None:
        """Refuse these, as they were read, and what was ended since the reading began."""
        self._ids = frozenset(ids) | self._since_reading
