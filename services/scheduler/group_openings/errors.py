"""The refusals of group openings, one class each."""

from collections.abc import Sequence

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType


class GroupNotOpenedError(ServiceError):
    """Something that a group takes is not there: who leads it, a room, or people enough."""

    problem = ProblemType.RULES_BROKEN

    def __init__(self, code: str, pointer: str, sentence: str) -> None:
        super().__init__(
            "Nothing was changed: the group cannot be opened like that.",
            code=code,
            errors=(InvalidField(location="body", pointer=pointer, detail=sentence),),
        )


class OpeningRefusedError(ServiceError):
    """With the group in it the week would break a rule that it keeps now; names nobody."""

    problem = ProblemType.RULES_BROKEN

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__(
            "Nothing was changed; errors says which rules the week would break.",
            code="rule-broken",
            errors=tuple(InvalidField(location="body", pointer="", detail=one) for one in sentences),
        )
