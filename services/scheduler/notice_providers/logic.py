"""What is allowed with the provider that carries messages."""

from collections.abc import Callable
from datetime import timedelta

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError, VersionRequiredError
from services.chassis.webhooks import secret_of
from services.contracts.identifiers import OrganizationId
from services.contracts.scheduler.notices import NoticeProvider, NoticeProviderRequest
from services.scheduler.dispatch import NoticeRound, enqueue_notice_round
from services.scheduler.keys.logic import KeysLogic, KeysReader
from services.scheduler.notice_providers import storage


class NoticeProvidersReader:
    """Reads who carries the organization's messages."""

    def __init__(self, read: Read, organization_id: OrganizationId, keys: KeysReader) -> None:
        self._read = read
        self._organization_id = organization_id
        self._keys = keys

    async def get(self) -> NoticeProvider:
        """Return the provider, without its secret.

        Raises:
            NotFoundError: The organization has none.
        """
        kept = await storage.find(self._read)
        if kept is None:
            raise NotFoundError
        return kept.provider

    async def with_secret(self) -> tuple[NoticeProvider, bytes] | None:
        """Return the provider and the secret it shares with us, or None where the organization has none."""
        kept = await storage.find(self._read)
        if kept is None:
            return None
        return kept.provider, kept.secret(self._organization_id, await self._keys.of_organization())


class NoticeProvidersLogic:
    """Sets up who carries the organization's messages."""

    def __init__(
        self,
        db: UnitOfWork,
        read: Read,
        organization_id: OrganizationId,
        *,
        keys: KeysLogic,
        check_url: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._db = db
        self._read = read
        self._organization_id = organization_id
        self._keys = keys
        self._check_url = check_url
        self._clock = clock

    async def put(self, request: NoticeProviderRequest, expected_version: int | None) -> NoticeProvider:
        """Set the provider, the first one or in place of version `expected_version`.

        Raises:
            InvalidRequestError: The URL leads into no public host, or the secret is none.
            VersionRequiredError: There is one already, and no version was named.
            StaleVersionError: Another version is current.
        """
        secret = self._usable(request)
        before = await storage.find(self._read)
        if before is not None and expected_version is None:
            raise VersionRequiredError
        provider = NoticeProvider(
            **request.model_dump(exclude={"secret"}),
            version=(expected_version or 0) + 1,
            updated_at=self._clock.now(),
        )
        key = await self._keys.for_organization()
        is_current = (0 if before is None else before.provider.version) == (expected_version or 0)
        if not is_current or not await storage.put(self._db, self._organization_id, provider, secret, key):
            raise StaleVersionError("Another version is current: read it again and send its ETag.")
        turn = await ReminderTurns(self._db).begin(after=None)
        if turn is not None:
            await enqueue_notice_round(self._db, NoticeRound(self._organization_id, turn), timedelta())
        return provider

    def _usable(self, request: NoticeProviderRequest) -> bytes:
        try:
            self._check_url(request.url)
        except ValueError as wanted:
            raise InvalidRequestError("/url", str(wanted)) from None
        try:
            return secret_of(request.secret.get_secret_value())
        except ValueError as wanted:
            raise InvalidRequestError("/secret", str(wanted)) from None


class ReminderTurns:
    """Counts an organization's rounds of reminders; RLS leaves it one provider to count on."""

    def __init__(self, db: UnitOfWork) -> None:
        self._db = db

    async def begin(self, *, after: int | None) -> int | None:
        """Begin the round after another, or with None whichever is next; None where another one is on."""
        return await storage.next_turn(self._db, after=after)
