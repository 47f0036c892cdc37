"""What the helper answers, to anybody."""

from services.chassis.errors import InvalidRequestError
from services.contracts.records.placement_helper import PlacementAnswers, PlacementHelper, PlacementPicture
from services.records.placement_helper.reading import helper
from services.records.placement_helper.rules import are_known, picture


def published() -> PlacementHelper:
    """Return the helper as it is published."""
    return helper()


def assess(request: PlacementAnswers, pointer: str = "") -> PlacementPicture:
    """Return what answers point to; nothing of them is kept.

    Raises:
        InvalidRequestError: The answers are to another version, or to what is not asked.
    """
    current = helper()
    if request.version != current.version:
        raise InvalidRequestError(
            f"{pointer}/version", "must be the version that read_placement_helper tells now", code="other-version"
        )
    if not are_known(current, request.answers):
        raise InvalidRequestError(
            f"{pointer}/answers", "must name questions and answers that read_placement_helper tells"
        )
    return picture(current, request.answers)
