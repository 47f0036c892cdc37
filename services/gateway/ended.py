"""Which tokens are refused before they expire, as this process knows."""

from collections.abc import Iterable


class EndedTokens:
    """The ids of access tokens whose session was ended, or whose rights were taken away."""

    def __init__(self) -> None:
        self._ids: frozenset[str] = frozenset()

    def covers(self, token_id: str) -> bool:
        """Say whether a token is refused; an internal token has the id of the access token it was made for."""
        return token_id in self._ids

    def add(self, token_ids: Iterable[str]) -> None:
        """Refuse more tokens from now on; what is not written down is forgotten with the next `replace`."""
        self._ids |= frozenset(token_ids)

    def replace(self, token_ids: Iterable[str]) -> None:
        """Refuse these tokens, as they are written down, and no others."""
        self._ids = frozenset(token_ids)
