"""Where placement reviews are kept: sealed with the patient's own key."""

from typing import Final

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.base import ResourceModel
from services.contracts.identifiers import OrganizationId, PatientId
from services.contracts.records.placement_reviews import PlacementReview, RatedDimension
from services.records.person_seal import PersonSeal
from services.records.placement_reviews.tables import PlacementReviewRow

_TABLE: Final = PlacementReviewRow.__tablename__
_OF_PATIENT: Final = Query(
    select(PlacementReviewRow.__table__)
    .where(PlacementReviewRow.patient_id == bindparam("patient_id", type_=Uuid))
    .order_by(PlacementReviewRow.reviewed_on.desc(), PlacementReviewRow.id.desc())
)


class _Found(ResourceModel):
    """What is sealed of a review."""

    ratings: list[RatedDimension]
    recommended_level: str
    differs_because: str | None


class PlacementReviewQueries:
    """Reads of placement reviews."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_patient(self, patient_id: PatientId, seal: PersonSeal) -> list[PlacementReview]:
        """Return a patient's reviews, newest first.

        Raises:
            SealBrokenError: What is stored was changed behind our back.
        """
        reviews = []
        for row in await self._read.all(_OF_PATIENT, patient_id=patient_id):
            found = _Found.model_validate_json(seal.open(row["found"], _TABLE, "found", row["id"]))
            reviews.append(PlacementReview.model_validate({**row, **found.model_dump()}))
        return reviews


class PlacementReviewRows:
    """Placement reviews within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, review: PlacementReview, seal: PersonSeal) -> None:
        """Write a review."""
        found = _Found.model_validate(review.model_dump()).model_dump_json().encode()
        values = review.model_dump(exclude=set(_Found.model_fields))
        sealed = seal.close(found, _TABLE, "found", review.id)
        self._db.add(PlacementReviewRow(organization_id=self._organization_id, found=sealed, **values))
        await self._db.flush()
