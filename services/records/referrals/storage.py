"""Where referrals are kept: sealed on the way in, opened on the way out."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import (
    TIMESTAMP,
    Boolean,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.chassis.root_keys import RootKeys
from services.chassis.sealing import Place, SealingKey
from services.contracts.base import ResourceModel
from services.contracts.identifiers import AccountId, OrganizationId, ReferralId, SiteId
from services.contracts.records.referrals import (
    HelperAnswers,
    Referral,
    ReferralContact,
    ReferralStatus,
    ReferredPerson,
)
from services.records.episodes.tables import EpisodeRow
from services.records.gate import Reach
from services.records.organization_keys import OrganizationKeyRow, open_key, organization_key
from services.records.patients.tables import PatientRow
from services.records.referrals.beginnings import ATTENDED, BEGAN_ON, EPISODE
from services.records.referrals.tables import ReferralContactRow, ReferralKeyRow, ReferralRow
from services.records.relations.tables import SiteMemberRow

_VIEWER: Final = bindparam("viewer", type_=Uuid)
_NOW: Final = bindparam("now", type_=TIMESTAMP(timezone=True))
_SITE_ID: Final = bindparam("site_id", type_=Uuid)


def _is_at(site: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Say whether who looks works at a site now."""
    return (
        exists()
        .where(
            SiteMemberRow.organization_id == ReferralRow.organization_id,
            SiteMemberRow.site_id == site,
            SiteMemberRow.account_id == _VIEWER,
            SiteMemberRow.from_at <= _NOW,
            or_(SiteMemberRow.until_at.is_(None), SiteMemberRow.until_at > _NOW),
        )
        .correlate(ReferralRow, EpisodeRow)
    )


_ADMITTED: Final = and_(
    PatientRow.organization_id == ReferralRow.organization_id, PatientRow.id == ReferralRow.patient_id
)
# Of whom the record is sealed, the referral is as well: it names the person just so.
_SEALED: Final = PatientRow.sealed_at.is_not(None).label("is_sealed")
_AT_SITE: Final = _is_at(ReferralRow.__table__.c.site_id)
# Who was admitted waits where they are treated, which need not be where they were referred to.
_WAITS_AT: Final = case(
    (ReferralRow.status == ReferralStatus.ADMITTED.value, EpisodeRow.site_id), else_=ReferralRow.site_id
)
_WITH_KEYS: Final = (
    select(
        ReferralRow.__table__,
        ReferralKeyRow.id.label("key_id"),
        ReferralKeyRow.wrapped.label("wrapped_key"),
        OrganizationKeyRow.id.label("organization_key_id"),
        OrganizationKeyRow.wrapped.label("wrapped_organization_key"),
        _SEALED,
    )
    .join_from(
        ReferralRow,
        ReferralKeyRow,
        (ReferralKeyRow.organization_id == ReferralRow.organization_id)
        & (ReferralKeyRow.referral_id == ReferralRow.id),
    )
    .join(
        OrganizationKeyRow,
        (OrganizationKeyRow.organization_id == ReferralKeyRow.organization_id)
        & (OrganizationKeyRow.id == ReferralKeyRow.organization_key_id),
    )
    .outerjoin(PatientRow, _ADMITTED)
)
_REFERRAL: Final = _WITH_KEYS.add_columns(_AT_SITE.label("at_site"))
_REACHES: Final = select(
    ReferralRow.organization_id, ReferralRow.id, ReferralRow.assigned_to, _AT_SITE.label("at_site"), _SEALED
).join_from(ReferralRow, PatientRow, _ADMITTED, isouter=True)


def _in_reach(at_site: ColumnElement[bool]) -> ColumnElement[bool]:
    return or_(bindparam("everybody", type_=Boolean), ReferralRow.assigned_to == _VIEWER, at_site)


_ONE: Final = Query(_REFERRAL.where(ReferralRow.id == bindparam("referral_id", type_=Uuid)))
_SOME: Final = Query(
    _REFERRAL.where(
        ReferralRow.site_id == _SITE_ID,
        ReferralRow.status == bindparam("status", type_=Text),
        ReferralRow.id > bindparam("after", type_=Uuid),
        # Left out here and not by the gate alone: what is dropped from a page would seem to be its end.
        PatientRow.sealed_at.is_(None),
        _in_reach(_AT_SITE),
    )
    .order_by(ReferralRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_WAITING: Final = Query(
    _WITH_KEYS.add_columns(_is_at(_WAITS_AT).label("at_site"))
    .outerjoin(EpisodeRow, EPISODE)
    .outerjoin(ATTENDED, true())
    .where(
        _WAITS_AT == _SITE_ID,
        or_(
            ReferralRow.status == ReferralStatus.OPEN.value,
            and_(
                ReferralRow.status == ReferralStatus.ADMITTED.value,
                EpisodeRow.discharged_on.is_(None),
                BEGAN_ON.is_(None),
            ),
        ),
        PatientRow.sealed_at.is_(None),
        _in_reach(_is_at(_WAITS_AT)),
    )
)
_CONTACTS: Final = Query(
    select(ReferralContactRow.__table__)
    .where(ReferralContactRow.referral_id == bindparam("referral_id", type_=Uuid))
    .order_by(ReferralContactRow.at, ReferralContactRow.id)
)
_CHANGING: Final = frozenset(
    {
        "first_reached_at", "intake_planned_at", "intake_held_at", "assigned_to", "status", "closing", "patient_id",
        "episode_id", "version", "closed_at",
    }
)  # fmt: skip


class _Told(ResourceModel):
    """What is sealed of a referral."""

    person: ReferredPerson
    source_name: str | None
    helper: HelperAnswers | None


class Viewer(NamedTuple):
    """Who looks, and when."""

    account_id: AccountId
    now: datetime


class Seen(NamedTuple):
    """A referral, and what its viewer is to the person."""

    referral: Referral
    reach: Reach


class ReferralQueries:
    """Reads of referrals."""

    def __init__(self, read: Read, root: RootKeys) -> None:
        self._read = read
        self._root = root

    async def one(self, referral_id: ReferralId, viewer: Viewer) -> Seen | None:
        """Return a referral."""
        row = await self._read.one_or_none(_ONE, referral_id=referral_id, viewer=viewer.account_id, now=viewer.now)
        return None if row is None else _to_seen(row, self._root, viewer)

    async def some(
        self, site_id: SiteId, status: ReferralStatus, page: PageRequest, viewer: Viewer, *, everybody: bool
    ) -> list[Seen]:
        """Return the referrals of a page, and one more where there is one: all, or those in the viewer's reach."""
        rows = await self._read.all(
            _SOME,
            site_id=site_id,
            status=status.value,
            after=page.after,
            limit=page.limit,
            viewer=viewer.account_id,
            now=viewer.now,
            everybody=everybody,
        )
        return [_to_seen(row, self._root, viewer) for row in rows]

    async def waiting(self, site_id: SiteId, zone: ZoneInfo, viewer: Viewer, *, everybody: bool) -> list[Seen]:
        """Return who waits for intake or for a first session at a site: all, or those in the viewer's reach."""
        rows = await self._read.all(
            _WAITING, site_id=site_id, zone=zone.key, viewer=viewer.account_id, now=viewer.now, everybody=everybody
        )
        return [_to_seen(row, self._root, viewer) for row in rows]

    async def contacts(self, referral_id: ReferralId) -> list[ReferralContact]:
        """Return the attempts to reach somebody, oldest first."""
        rows = await self._read.all(_CONTACTS, referral_id=referral_id)
        return [ReferralContact.model_validate(dict(row)) for row in rows]


class ReferralRows:
    """Referrals within a unit of work."""

    def __init__(self, db: AsyncSession, root: RootKeys, organization_id: OrganizationId) -> None:
        self._db = db
        self._root = root
        self._organization_id = organization_id

    async def lock(self, referral_id: ReferralId, viewer: Viewer) -> Seen | None:
        """Return a referral, and make other writers of it wait until this unit of work has ended."""
        statement = _REFERRAL.where(ReferralRow.id == referral_id).with_for_update(of=ReferralRow)
        values = {"viewer": viewer.account_id, "now": viewer.now}
        row = (await self._db.execute(statement, values)).mappings().one_or_none()
        return None if row is None else _to_seen(row, self._root, viewer)

    async def reaches(self, ids: Iterable[UUID], viewer: Viewer) -> dict[UUID, Reach]:
        """Return what the viewer is to the people of those of these that are referrals here."""
        values = {"viewer": viewer.account_id, "now": viewer.now}
        rows = await self._db.execute(_REACHES.where(ReferralRow.id.in_(list(ids))), values)
        return {row["id"]: _to_reach(row, viewer) for row in rows.mappings()}

    async def add(self, referral: Referral) -> None:
        """Write a referral, sealed with a data key of its own."""
        key_id = uuid4()
        key = SealingKey.generate(key_id)
        told = _Told.model_validate(referral.model_dump()).model_dump_json().encode()
        values = referral.model_dump(exclude={*_Told.model_fields})
        for name in ("source", "urgency", "status"):
            values[name] = values[name].value
        place = Place(self._organization_id, ReferralRow.__tablename__, "told", referral.id)
        self._db.add(ReferralRow(organization_id=self._organization_id, told=key.seal(told, place), **values))
        await self._db.flush()
        above_id, above = await organization_key(self._db, self._root, self._organization_id, referral.created_at)
        key_place = Place(self._organization_id, ReferralKeyRow.__tablename__, "wrapped", key_id)
        self._db.add(
            ReferralKeyRow(
                organization_id=self._organization_id,
                id=key_id,
                referral_id=referral.id,
                organization_key_id=above_id,
                wrapped=above.wrap(key, key_place),
                created_at=referral.created_at,
            )
        )
        await self._db.flush()

    async def change(self, referral: Referral) -> None:
        """Write what may change of a referral, with its version."""
        values = referral.model_dump(include=set(_CHANGING))
        values["status"] = referral.status.value
        values["closing"] = None if referral.closing is None else referral.closing.value
        await self._db.execute(update(ReferralRow).where(ReferralRow.id == referral.id).values(**values))

    async def add_contact(self, contact: ReferralContact) -> None:
        """Write an attempt to reach somebody."""
        values = contact.model_dump() | {"channel": contact.channel.value, "outcome": contact.outcome.value}
        self._db.add(ReferralContactRow(organization_id=self._organization_id, **values))
        await self._db.flush()


def _to_seen(row: Mapping[Any, Any], root: RootKeys, viewer: Viewer) -> Seen:
    organization_id, key_id = row["organization_id"], row["key_id"]
    above = open_key(root, organization_id, row["organization_key_id"], row["wrapped_organization_key"])
    key = above.unwrap(
        key_id, row["wrapped_key"], Place(organization_id, ReferralKeyRow.__tablename__, "wrapped", key_id)
    )
    sealed = key.unseal(row["told"], Place(organization_id, ReferralRow.__tablename__, "told", row["id"]))
    told = _Told.model_validate_json(sealed)
    referral = Referral.model_validate({**row, **told.model_dump()})
    return Seen(referral, _to_reach(row, viewer))


def _to_reach(row: Mapping[Any, Any], viewer: Viewer) -> Reach:
    is_assigned = row["assigned_to"] == viewer.account_id
    return Reach(row["organization_id"], in_care_team=is_assigned, at_site=row["at_site"], is_sealed=row["is_sealed"])
