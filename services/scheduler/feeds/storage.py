"""Where feeds are kept, and the book as they see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    ColumnElement,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, set_organization
from services.chassis.paging import PageRequest
from services.contracts.identifiers import FeedId, OrganizationId
from services.contracts.scheduler.feeds import Feed, FeedSubject
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentPractitionerRow, AppointmentRow
from services.scheduler.feeds.tables import FeedRow, FeedTokenRow
from services.scheduler.practitioners.tables import PractitionerRow
from services.scheduler.sites.tables import RoomRow, SiteRow
from services.scheduler.storing import json_of

_SUBJECT_ID: Final = bindparam("subject_id", type_=Uuid)
_FEED: Final = tuple(FeedRow.__table__.c[name] for name in Feed.model_fields)
_PAGE: Final = Query(
    select(*_FEED)
    .where(
        FeedRow.subject == bindparam("subject", type_=Text),
        FeedRow.subject_id == _SUBJECT_ID,
        FeedRow.id > bindparam("after", type_=Uuid),
    )
    .order_by(FeedRow.id)
    .limit(bindparam("limit", type_=Integer))
)


def _seat(table: Any, *who: ColumnElement[bool]) -> ColumnElement[bool]:
    of_the_session = and_(table.organization_id == AppointmentRow.organization_id, table.booked, *who)
    return exists().where(table.appointment_id == AppointmentRow.id, of_the_session)


_OF: Final[Mapping[FeedSubject, ColumnElement[bool]]] = MappingProxyType(
    {
        FeedSubject.PATIENT: _seat(
            AppointmentPatientRow,
            AppointmentPatientRow.patient_id == _SUBJECT_ID,
            AppointmentPatientRow.held_until.is_(None),
        ),
        FeedSubject.PRACTITIONER: _seat(
            AppointmentPractitionerRow, AppointmentPractitionerRow.practitioner_id == _SUBJECT_ID
        ),
        FeedSubject.ROOM: AppointmentRow.room_id == _SUBJECT_ID,
        FeedSubject.SITE: AppointmentRow.site_id == _SUBJECT_ID,
    }
)
_BOOK: Final = MappingProxyType(
    {
        subject: Query(
            select(
                AppointmentRow.id,
                func.lower(AppointmentRow.during).label("start"),
                func.upper(AppointmentRow.during).label("end"),
                AppointmentRow.modality,
                SiteRow.name.label("site"),
                RoomRow.name.label("room"),
            )
            .join(
                SiteRow,
                and_(SiteRow.organization_id == AppointmentRow.organization_id, SiteRow.id == AppointmentRow.site_id),
            )
            .outerjoin(
                RoomRow,
                and_(RoomRow.organization_id == AppointmentRow.organization_id, RoomRow.id == AppointmentRow.room_id),
            )
            .where(
                AppointmentRow.status == AppointmentStatus.BOOKED.value,
                AppointmentRow.service == func.any(bindparam("services", type_=ARRAY(Text))),
                func.upper(AppointmentRow.during) > bindparam("since", type_=TIMESTAMP(timezone=True)),
                belongs,
            )
            .order_by(func.lower(AppointmentRow.during), AppointmentRow.id)
        )
        for subject, belongs in _OF.items()
    }
)
_KNOWN: Final = MappingProxyType(
    {
        FeedSubject.PRACTITIONER: Query(select(PractitionerRow.id).where(PractitionerRow.id == _SUBJECT_ID)),
        FeedSubject.ROOM: Query(select(RoomRow.id).where(RoomRow.id == _SUBJECT_ID)),
        FeedSubject.SITE: Query(select(SiteRow.id).where(SiteRow.id == _SUBJECT_ID)),
    }
)


@dataclass(frozen=True, slots=True)
class ServedFeed:
    """A feed to serve: whose it is, and what was last served."""

    id: FeedId
    subject: FeedSubject
    subject_id: UUID
    shows_location: bool
    revision: int
    served_at: datetime | None
    served: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class BookedSession:
    """A session of the book, and where it is; instants are in UTC."""

    id: UUID
    start: datetime
    end: datetime
    on_site: bool
    site: str
    room: str | None


async def knows(read: Read, subject: FeedSubject, subject_id: UUID) -> bool:
    """Say whether there is such a practitioner, room or site in the organization."""
    return await read.one_or_none(_KNOWN[subject], subject_id=subject_id) is not None


async def insert_feed(db: AsyncSession, organization_id: OrganizationId, feed: Feed) -> None:
    """Keep a new feed, of which nothing was served."""
    values = {**feed.model_dump(include=set(Feed.model_fields)), "revision": 0, "served": []}
    await db.execute(insert(FeedRow).values(organization_id=organization_id, **values))


async def page(read: Read, subject: FeedSubject, subject_id: UUID, request: PageRequest) -> list[Feed]:
    """Fetch a page of feeds, and one more where there is one."""
    asked = {"subject": subject.value, "subject_id": subject_id}
    return [Feed(**row) for row in await read.all(_PAGE, **asked, after=request.after, limit=request.limit)]


async def rotate(db: AsyncSession, feed_id: FeedId, now: datetime) -> Feed | None:
    """Write down that a feed's address is changed, and return the feed."""
    statement = update(FeedRow).where(FeedRow.id == feed_id).values(rotated_at=now).returning(*_FEED)
    row = (await db.execute(statement)).mappings().one_or_none()
    return None if row is None else Feed(**row)


async def put_token(db: AsyncSession, organization_id: OrganizationId, feed_id: FeedId, token_hash: bytes) -> None:
    """Keep the hash of a feed's secret in place of the one before."""
    await delete_token(db, organization_id, feed_id)
    row = {"organization_id": organization_id, "feed_id": feed_id}
    await db.execute(insert(FeedTokenRow).values(token_hash=token_hash, **row))


async def delete_token(db: AsyncSession, organization_id: OrganizationId, feed_id: FeedId) -> None:
    """Forget a feed's secret."""
    whose = (FeedTokenRow.organization_id == organization_id, FeedTokenRow.feed_id == feed_id)
    await db.execute(delete(FeedTokenRow).where(*whose))


async def delete_feed(db: AsyncSession, feed_id: FeedId) -> bool:
    """Delete a feed; says whether there was one."""
    deleted = await db.execute(delete(FeedRow).where(FeedRow.id == feed_id).returning(FeedRow.id))
    return deleted.scalar() is not None


class Entered(NamedTuple):
    """What a secret opens, and whose it is."""

    organization_id: OrganizationId
    feed_id: FeedId


_WHOSE: Final = Query(
    select(FeedTokenRow.organization_id).where(FeedTokenRow.token_hash == bindparam("token_hash", type_=LargeBinary))
)


async def whose(read: Read, token_hash: bytes) -> OrganizationId | None:
    """Return of which organization a secret opens something, or None."""
    row = await read.one_or_none(_WHOSE, token_hash=token_hash)
    return None if row is None else OrganizationId(row["organization_id"])


async def enter_by_token(db: AsyncSession, token_hash: bytes) -> Entered | None:
    """Return which feed a secret opens, and let the transaction see its organization's rows; None for no secret."""
    statement = select(FeedTokenRow.organization_id, FeedTokenRow.feed_id).where(FeedTokenRow.token_hash == token_hash)
    found = (await db.execute(statement)).one_or_none()
    if found is None:
        return None
    entered = Entered(OrganizationId(found.organization_id), FeedId(found.feed_id))
    await set_organization(db, entered.organization_id)
    return entered


async def lock_feed(db: AsyncSession, feed_id: FeedId) -> ServedFeed | None:
    """Fetch a feed to serve; whoever serves the same feed waits until this transaction has ended."""
    columns = ("id", "subject", "subject_id", "shows_location", "revision", "served_at", "served")
    statement = select(*(FeedRow.__table__.c[name] for name in columns)).where(FeedRow.id == feed_id)
    row = (await db.execute(statement.with_for_update(key_share=True))).mappings().one_or_none()
    return None if row is None else ServedFeed(**{**row, "subject": FeedSubject(row["subject"])})


async def book_of(
    read: Read, subject: FeedSubject, subject_id: UUID, services: Sequence[ServiceKind], since: datetime
) -> list[BookedSession]:
    """Fetch what is booked and was not over at an instant, in order of time."""
    kinds = [service.value for service in services]
    rows = await read.all(_BOOK[subject], subject_id=subject_id, services=kinds, since=since)
    return [
        BookedSession(
            id=row["id"],
            start=row["start"],
            end=row["end"],
            on_site=row["modality"] == Modality.ON_SITE.value,
            site=row["site"],
            room=row["room"],
        )
        for row in rows
    ]


async def keep_served(db: AsyncSession, feed: ServedFeed) -> None:
    """Write down what is served."""
    values = {"revision": feed.revision, "served_at": feed.served_at, "served": json_of(feed.served)}
    await db.execute(update(FeedRow).where(FeedRow.id == feed.id).values(**values))
