"""What is allowed with one offer: it is accepted or declined, by the front desk or by who holds its secret."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.database import Lookups, Read, UnitOfWork
from services.chassis.errors import ContentionError, NotFoundError, ServiceError
from services.clients.gateway import OpenOrganizations
from services.contracts.identifiers import OfferId, OrganizationId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.notices import NoticeKind
from services.contracts.scheduler.offers import (
    Offer,
    OfferAcceptance,
    OfferBatchStatus,
    OfferedTime,
    OfferLink,
    OfferStatus,
    TimeAnswer,
    TimeAnswerKind,
)
from services.contracts.scheduler.transport import NoRideReason
from services.scheduler.bookings.logic import BookingsLogic
from services.scheduler.notices.facts import NoticeFacts, Sitting
from services.scheduler.notices.logic import NoticesLogic
from services.scheduler.offers import storage, token_storage
from services.scheduler.offers.errors import OfferOverError, TimeGoneError
from services.scheduler.offers.logic import OffersReader
from services.scheduler.offers.rules import TOKEN_BYTES, hash_of
from services.scheduler.offers.storage import FoundOffer
from services.scheduler.waitlist.logic import WaitlistLogic


class OfferAnswersLogic:
    """Takes answers; the first valid accept of a seat wins, by the counter of its batch."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        read: Read,
        offers: OffersReader,
        waitlist: WaitlistLogic,
        bookings: BookingsLogic,
        notices: NoticesLogic,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._read = read
        self._offers = offers
        self._waitlist = waitlist
        self._bookings = bookings
        self._notices = notices
        self._clock = clock

    async def find(self, offer_id: OfferId) -> FoundOffer:
        """Return an offer with its session.

        Raises:
            NotFoundError: There is no such offer in the caller's organization.
        """
        found = await storage.find_offer(self._read, offer_id, self._clock.now())
        if found is None:
            raise NotFoundError
        return found

    async def accept(self, offer_id: OfferId, request: OfferAcceptance, caller_token: str) -> Offer:
        """Accept for the person: the seat is booked, or nothing is changed.

        Raises:
            NotFoundError: There is no such offer in the caller's organization.
            OfferOverError: It is not open any more, be it that somebody was faster.
            UpstreamUnavailableError: Records does not answer.
            Whatever booking the seat raises, for the same reasons.
        """
        found = await self.find(offer_id)
        seating = await self._bookings.seating(found.offer.patient_id, caller_token)
        return await self.accept_for(found, seating, request.no_ride_reason)

    async def accept_for(
        self, found: FoundOffer, seating: PatientSeating, no_ride_reason: NoRideReason | None = None
    ) -> Offer:
        """Accept for a person of whom records has been asked already.

        Raises:
            OfferOverError: The offer is not open any more.
            Whatever booking the seat raises, for the same reasons.
        """
        now, offer = self._clock.now(), found.offer
        _refuse_decided(offer)
        is_last = await storage.count_accepted(self._db, offer.batch_id, now)
        if is_last is None:
            raise OfferOverError(await self._status_now(offer))
        if not await storage.decide(self._db, offer.id, OfferStatus.ACCEPTED, now):
            raise OfferOverError(await self._status_now(offer))
        await self._bookings.book_for(found.appointment_id, seating, no_ride_reason)
        if is_last:
            await self._tell_the_others(found)
        await self._waitlist.seated(offer.entry_id)
        return (await self.find(offer.id)).offer

    async def _tell_the_others(self, found: FoundOffer) -> None:
        now = self._clock.now()
        sitting = Sitting(found.start, found.end, found.modality)
        for offer_id, patient_id in await storage.close_others(self._db, found.offer.batch_id, OfferStatus.FILLED, now):
            facts = NoticeFacts(found.site_id, found.appointment_id, after=sitting, offer_id=offer_id)
            await self._notices.queue(NoticeKind.SEAT_FILLED, patient_id, facts, dedupe_key=f"filled:{offer_id}")

    async def _status_now(self, offer: Offer) -> OfferStatus:
        status = (await self.find(offer.id)).offer.status
        if status is not OfferStatus.OPEN:
            return status
        batch = await self._offers.get(offer.batch_id)
        # Whoever took the last seat has not committed what became of the others when this was read.
        return OfferStatus.FILLED if batch.status is OfferBatchStatus.FILLED else OfferStatus(batch.status.value)

    async def decline(self, offer_id: OfferId) -> Offer:
        """Write down that the person does not want the seat; they go on waiting.

        Raises:
            NotFoundError: There is no such offer in the caller's organization.
            OfferOverError: It is not open any more.
        """
        found = await self.find(offer_id)
        _refuse_decided(found.offer)
        if not await storage.decide(self._db, offer_id, OfferStatus.DECLINED, self._clock.now()):
            raise OfferOverError((await self.find(offer_id)).offer.status)
        return (await self.find(offer_id)).offer

    async def issue_link(self, offer_id: OfferId) -> OfferLink:
        """Make the secret with which the person answers without signing in; the one before opens nothing any more.

        Raises:
            NotFoundError: There is no such offer in the caller's organization.
            OfferOverError: It is not open any more.
        """
        found = await self.find(offer_id)
        _refuse_decided(found.offer)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await token_storage.put_token(
            self._db,
            self._organization_id,
            offer_id,
            token_hash=hash_of(token),
            expires_at=found.expires_at,
            now=self._clock.now(),
        )
        return OfferLink(token=token, expires_at=found.expires_at)


def _refuse_decided(offer: Offer) -> None:
    if offer.status is not OfferStatus.OPEN:
        raise OfferOverError(offer.status.value)


@dataclass(frozen=True, slots=True)
class AnswerUnit:
    """One transaction in which somebody with a secret is served."""

    db: UnitOfWork
    answers: Callable[[OrganizationId], OfferAnswersLogic]


AnswerUnits = Callable[[], AbstractAsyncContextManager[AnswerUnit]]


class OfferedTimesLogic:
    """Serves who holds a secret, and nobody else: no name, no place, no service, and the same words for each refusal.

    Whom the person is kept apart from, and whether they have been discharged, was asked of records when the offer was
    made, as nobody is signed in here on whose behalf it could be asked again; offers live two days at most.
    """

    def __init__(self, lookups: Lookups, houses: OpenOrganizations, units: AnswerUnits) -> None:
        self._lookups = lookups
        self._houses = houses
        self._units = units

    async def look(self, token: str) -> OfferedTime:
        """Return what a secret is for.

        Raises:
            NotFoundError: It opens nothing, or its organization is closed.
            UpstreamUnavailableError: The gateway, which knows that, does not answer.
        """
        async with self._entered(token) as (answers, offer_id):
            return _time(await answers.find(offer_id))

    async def answer(self, answer: TimeAnswer) -> OfferedTime:
        """Accept or decline; the same answer again is answered as the first time.

        Raises:
            NotFoundError: As `look` says, and so UpstreamUnavailableError.
            TimeGoneError: The time is not free any more, for whatever reason.
        """
        async with self._entered(answer.token) as (answers, offer_id):
            return await self._answer(answers, offer_id, is_accept=answer.answer is TimeAnswerKind.ACCEPT)

    @staticmethod
    async def _answer(answers: OfferAnswersLogic, offer_id: OfferId, *, is_accept: bool) -> OfferedTime:
        found = await answers.find(offer_id)
        if found.offer.status is (OfferStatus.ACCEPTED if is_accept else OfferStatus.DECLINED):
            return _time(found)
        try:
            if is_accept:
                await answers.accept_for(found, found.seating)
            else:
                await answers.decline(offer_id)
        except ContentionError:
            raise
        except ServiceError:
            raise TimeGoneError from None
        return _time(await answers.find(offer_id))

    @asynccontextmanager
    async def _entered(self, token: str) -> AsyncIterator[tuple[OfferAnswersLogic, OfferId]]:
        token_hash = hash_of(token)
        async with self._lookups() as read:
            organization_id = await token_storage.whose(read, token_hash)
        # The gateway may take its time: nothing of the database is held meanwhile.
        if organization_id is None or not await self._houses.is_open(organization_id):
            raise NotFoundError
        async with self._units() as unit:
            entered = await token_storage.enter_by_token(unit.db, token_hash)
            if entered is None:
                raise NotFoundError
            yield unit.answers(entered[0]), entered[1]


def _time(found: FoundOffer) -> OfferedTime:
    return OfferedTime(status=found.offer.status, start=found.start, end=found.end, answer_by=found.expires_at)
