"""Where notice preferences are kept: the address sealed on the way in, opened on the way out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ARRAY, Uuid, any_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import OrganizationId, PatientId
from services.contracts.scheduler.notices import NoticeLanguage, NoticePreference
from services.scheduler.notice_preferences.tables import NoticePreferenceRow
from services.scheduler.notice_preferences.terms import NoticeTerms

_ONE: Final = Query(
    select(*NoticePreferenceRow.__table__.c).where(
        NoticePreferenceRow.patient_id == bindparam("patient_id", type_=Uuid)
    )
)
_TERMS: Final = Query(
    select(
        NoticePreferenceRow.patient_id,
        NoticePreferenceRow.opted_in,
        NoticePreferenceRow.language,
        NoticePreferenceRow.reminder_hours,
    ).where(NoticePreferenceRow.patient_id == any_(bindparam("patients", type_=ARRAY(Uuid))))
)


async def find(read: Read, patient_id: PatientId) -> dict[str, Any] | None:
    """Fetch a preference with its address still sealed."""
    row = await read.one_or_none(_ONE, patient_id=patient_id)
    return None if row is None else dict(row)


def opened(row: dict[str, Any], key: SealingKey | None) -> NoticePreference:
    """Return a preference; where it has an address, with the patient's key.

    Raises:
        SealBrokenError: What is stored was changed behind our back.
    """
    address = row["address"]
    if address is not None and key is not None:
        address = key.unseal(address, _place(row["organization_id"], row["patient_id"])).decode()
    return NoticePreference(**{**row, "address": address})


async def terms_of(read: Read, patients: Sequence[PatientId]) -> dict[PatientId, NoticeTerms]:
    """Fetch what patients have agreed to, of those who have a preference."""
    rows = await read.all(_TERMS, patients=list(patients))
    return {
        row["patient_id"]: NoticeTerms(row["opted_in"], NoticeLanguage(row["language"]), row["reminder_hours"])
        for row in rows
    }


async def insert_preference(
    db: AsyncSession, organization_id: OrganizationId, preference: NoticePreference, key: SealingKey
) -> bool:
    """Keep a patient's first preference; says no where there is one."""
    values = {"organization_id": organization_id, **_values(organization_id, preference, key)}
    inserted = await db.scalar(
        insert(NoticePreferenceRow).values(values).on_conflict_do_nothing().returning(NoticePreferenceRow.patient_id)
    )
    return inserted is not None


async def replace_preference(
    db: AsyncSession, organization_id: OrganizationId, preference: NoticePreference, key: SealingKey
) -> bool:
    """Put a preference in the place of the version before; says no where that is not the current one."""
    replaced = await db.scalar(
        update(NoticePreferenceRow)
        .where(
            NoticePreferenceRow.patient_id == preference.patient_id,
            NoticePreferenceRow.version == preference.version - 1,
        )
        .values(_values(organization_id, preference, key))
        .returning(NoticePreferenceRow.patient_id)
        .execution_options(synchronize_session=False)
    )
    return replaced is not None


async def opt_out(db: AsyncSession, patient_id: PatientId, now: datetime) -> None:
    """End a patient's agreement; the patient's own word, and so nobody's of the staff."""
    await db.execute(
        update(NoticePreferenceRow)
        .where(NoticePreferenceRow.patient_id == patient_id, NoticePreferenceRow.opted_in)
        .values(
            opted_in=False,
            opted_in_at=None,
            recorded_by=None,
            version=NoticePreferenceRow.version + 1,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )


def _values(organization_id: OrganizationId, preference: NoticePreference, key: SealingKey) -> dict[str, Any]:
    address = preference.address
    sealed = None
    if address is not None:
        sealed = key.seal(address.encode(), _place(organization_id, preference.patient_id))
    return {
        **preference.model_dump(exclude={"address"}),
        "channel": preference.channel.value,
        "language": preference.language.value,
        "address": sealed,
    }


def _place(organization_id: OrganizationId, patient_id: PatientId) -> Place:
    return Place(organization_id, NoticePreferenceRow.__tablename__, "address", patient_id)
