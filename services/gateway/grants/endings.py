"""Ending what was granted, whoever has the reason."""

from services.chassis.clock import Clock
from services.contracts.identifiers import AccountId, OauthClientId
from services.gateway.ended import EndedTokens
from services.gateway.grants.storage import GrantStorage


class GrantEndings:
    """Ends what was granted, within the transaction of whoever has the reason."""

    def __init__(self, storage: GrantStorage, ended: EndedTokens, clock: Clock) -> None:
        self._storage = storage
        self._ended = ended
        self._clock = clock

    async def end_all(self, *, account_id: AccountId | None = None, client_id: OauthClientId | None = None) -> None:
        """End everything that a person granted here, or that an application was granted here, or both at once."""
        ended = await self._storage.end(self._clock.now(), account_id=account_id, client_id=client_id)
        self._refuse(ended)

    async def end_organization(self) -> None:
        """End everything that was granted in the organization that the transaction sees."""
        self._refuse(await self._storage.end_all(self._clock.now()))

    def _refuse(self, ended: list[str]) -> None:
        # At once, and again when it is written down, as sessions are.
        self._ended.add(ended)
        self._storage.when_committed(lambda: self._ended.add(ended))
