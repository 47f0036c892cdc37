"""What may be done with placement reviews."""

import secrets
from datetime import timedelta
from typing import Final

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, PlacementReviewId
from services.contracts.records.placement_reviews import PlacementReview, PlacementReviewRequest, RatedDimension
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.placement_reviews.criteria import Edition
from services.records.placement_reviews.in_force import EditionsInForce
from services.records.placement_reviews.storage import PlacementReviewQueries, PlacementReviewRows

_KEPT: Final = Information.ASSESSMENTS
# The first zone to begin a day is 14 hours ahead of UTC, and records know no site's zone.
_AHEAD: Final = timedelta(hours=14)


class PlacementReviewCommands:
    """Changes to placement reviews, within one unit of work."""

    def __init__(
        self, rows: PlacementReviewRows, patients: PatientCommands, editions: EditionsInForce, gate: Gate
    ) -> None:
        self._rows = rows
        self._editions = editions
        self._patients = patients
        self._gate = gate

    async def create(self, patient_id: PatientId, request: PlacementReviewRequest) -> PlacementReview:
        """Write down what the caller found.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: The edition is not in force at the site or has no such dimension or level, one is not
                rated, or the day is to come.
        """
        patient, seal = await self._patients.lock_sealed(patient_id, _KEPT)
        now = self._gate.clock.now()
        if request.reviewed_on > (now + _AHEAD).date():
            raise InvalidRequestError("/reviewed_on", "must not lie in the future")
        edition = await self._editions.edition(
            request.criteria_edition, patient.site_id, request.reviewed_on, "/criteria_edition"
        )
        review = PlacementReview(
            id=PlacementReviewId(new_id(now, secrets.token_bytes(10))),
            patient_id=patient_id,
            criteria_edition=request.criteria_edition,
            reviewed_on=request.reviewed_on,
            ratings=_named(request, edition),
            recommended_level=request.recommended_level,
            differs_because=request.differs_because,
            reviewed_by=self._gate.caller.account_id,
            created_at=now,
        )
        await self._rows.add(review, seal)
        return review


def _named(request: PlacementReviewRequest, edition: Edition) -> list[RatedDimension]:
    if request.recommended_level not in edition.levels:
        raise InvalidRequestError("/recommended_level", f"must be one of {', '.join(edition.levels)}")
    names = {dimension.number: dimension.name for dimension in edition.dimensions}
    rated = {rating.dimension: rating for rating in request.ratings}
    if set(rated) != set(names):
        raise InvalidRequestError("/ratings", f"must rate each of the dimensions 1 to {len(names)}")
    return [
        RatedDimension(dimension=number, name=name, rating=rated[number].rating, comment=rated[number].comment)
        for number, name in names.items()
    ]


class PlacementReviewReads:
    """What can be read of placement reviews."""

    def __init__(self, queries: PlacementReviewQueries, patients: PatientReads) -> None:
        self._queries = queries
        self._patients = patients

    async def of_patient(self, patient_id: PatientId) -> Page[PlacementReview]:
        """Return a patient's reviews, newest first.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        seal = await self._patients.seal(patient_id, _KEPT)
        return Page(items=await self._queries.of_patient(patient_id, seal), next_page_token=None)
