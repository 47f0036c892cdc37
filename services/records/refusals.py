"""Why the record turns somebody away by itself, beside the rules of `decide`: each with its clause and its remedy."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Refusal(StrEnum):
    """What the trail calls a refusal that no decision on a patient's row made."""

    NOT_FOUND = "not-found"
    NOT_THE_AUTHOR = "not-the-author"
    OTHERS_NAMED = "others-named"
    ANOTHER_CONSENT = "another-consent"
    NOTHING_TO_DISCLOSE = "nothing-to-disclose"
    NOTES_STAND_ALONE = "notes-stand-alone"
    OTHER_ZONE = "other-zone"
    OPENED_TO_BE_READ = "opened-to-be-read"
    CLAIM_REFUSED = "claim-refused"


class Reason(NamedTuple):
    """The clause that refuses, and how what it misses can be had (45 CFR 171.202(b): the same for all)."""

    clause: str
    remedy: str


REASONS: Final[Mapping[Refusal, Reason]] = MappingProxyType(
    {
        Refusal.NOT_FOUND: Reason("42 CFR 2.13(c)", "check the identifier, and in which organization you act"),
        Refusal.NOT_THE_AUTHOR: Reason("45 CFR 164.312(c)(1)", "ask who wrote it, or write a note of your own"),
        Refusal.OTHERS_NAMED: Reason("42 CFR 2.13(a)", "write it without the names of other patients"),
        Refusal.ANOTHER_CONSENT: Reason("42 CFR 2.31(a)", "ask for what rests on one consent by a request of its own"),
        Refusal.NOTHING_TO_DISCLOSE: Reason("42 CFR 2.13(a)", "ask for the parts that the record has"),
        Refusal.NOTES_STAND_ALONE: Reason("42 CFR 2.31(b)", "disclose counselling notes by a request of their own"),
        Refusal.OPENED_TO_BE_READ: Reason("42 CFR 2.13(a)", "be entered in the care team, to write in the record"),
        Refusal.CLAIM_REFUSED: Reason("45 CFR 164.312(d)", "identify the patient again, and hand out another code"),
        Refusal.OTHER_ZONE: Reason("42 CFR 2.13(a)", "leave out zone: days are those of the patient's site"),
    }
)
