"""On which day whoever was referred began treatment, as SQL: what `episodes.rules.began_on` says, for many at once."""

from typing import Final

from sqlalchemy import Date, Text, and_, bindparam, cast, func, or_, select

from services.contracts.scheduler.attendance import AttendanceStatus
from services.records.encounters.tables import EncounterRow
from services.records.episodes.tables import EpisodeRow
from services.records.referrals.tables import ReferralRow

ZONE: Final = bindparam("zone", type_=Text)
"""Of the site: its days are counted."""

_ON: Final = cast(func.timezone(ZONE, EncounterRow.starts_at), Date)

EPISODE: Final = and_(
    EpisodeRow.organization_id == ReferralRow.organization_id, EpisodeRow.id == ReferralRow.episode_id
)
"""Joins the episode that a referral led to."""

ATTENDED: Final = (
    select(func.min(_ON).label("first_on"))
    .where(
        EncounterRow.organization_id == EpisodeRow.organization_id,
        EncounterRow.patient_id == EpisodeRow.patient_id,
        EncounterRow.status == AttendanceStatus.FULFILLED.value,
        EpisodeRow.admitted_on <= _ON,
        or_(EpisodeRow.discharged_on.is_(None), EpisodeRow.discharged_on >= _ON),
    )
    .correlate(EpisodeRow)
    .lateral("attended")
)
"""The first attended session of that episode; it stands after the episode in a join."""

BEGAN_ON: Final = func.least(EpisodeRow.first_session_on, ATTENDED.c.first_on)
