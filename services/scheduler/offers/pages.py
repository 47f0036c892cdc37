"""Where people answer offers without signing in: a page of the frontends, with a secret in the fragment.

No server is sent the fragment of a URL (RFC 3986, 3.5): the secret is in nobody's log. It follows from the patient's
own key, so that each attempt to deliver one message carries the same, and nothing but its hash is kept.
"""

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork, driver_connection
from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import OfferId, OrganizationId
from services.contracts.scheduler.offers import OfferStatus
from services.scheduler.notices.delivering import OfferGoneError
from services.scheduler.offers import storage, token_storage
from services.scheduler.offers.rules import hash_of


class OfferPages:
    """Makes the addresses; without a page there are none."""

    def __init__(self, page: str | None, clock: Clock) -> None:
        self._page = page
        self._clock = clock

    async def of_offer(
        self, db: UnitOfWork, organization_id: OrganizationId, offer_id: OfferId, key: SealingKey
    ) -> str | None:
        """Return the address for an offer's answer; None without a page, and where another secret was issued since.

        Raises:
            OfferGoneError: The offer is not open any more.
        """
        found = await storage.find_offer(Read(await driver_connection(db)), offer_id, self._clock.now())
        if found is None or found.offer.status is not OfferStatus.OPEN:
            raise OfferGoneError
        if self._page is None:
            return None
        token = key.token(Place(organization_id, "offer_tokens", "token_hash", offer_id))
        is_newest = await token_storage.keep_token(
            db, organization_id, offer_id, token_hash=hash_of(token), expires_at=found.expires_at
        )
        return f"{self._page}#{token}" if is_newest else None
