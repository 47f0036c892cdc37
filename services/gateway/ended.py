"""Which tokens are refused before they expire, as this process knows."""

from collections.abc import Iterable

from services.contracts.identity import Principal


class EndedTokens:
    """The ids of access tokens that were ended, and of login sessions whose tokens were all ended with them."""

    def __init__(self) -> None:
        self._ids: frozenset[str] = frozenset()

    def covers(self, ended_id: str) -> bool:
        """Say whether this token, or this session, was ended."""
        return ended_id in self._ids

    def refuses(self, principal: Principal) -> bool:
        """Say whether a caller is refused; an internal token has the ids of the access token it was made for."""
        if self.covers(principal.token_id):
            return True
        return principal.sign_in is not None and self.covers(str(principal.sign_in.login_session_id))

    def add(self, ids: Iterable[str]) -> None:
        """Refuse more from now on; what is not written down is forgotten with the next `replace`."""
        self._ids |= frozenset(ids)

    def replace(self, ids: Iterable[str]) -> None:
        """Refuse these, as they are written down, and no others."""
        self._ids = frozenset(ids)
