"""The security labels of each part of a record, with why it bears them; a decision never rests on a label."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from services.contracts.disclosure import Information, Redisclosure
from services.contracts.security_labels import LabelledParts, SecurityLabel

_CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


class Cited(NamedTuple):
    """A label, and the text that asks for it."""

    label: SecurityLabel
    citation: str


def _cited(system: str, code: str, display: str, citation: str) -> Cited:
    return Cited(SecurityLabel(system=system, code=code, display=display), citation)


RESTRICTED: Final = _cited(_CONFIDENTIALITY, "R", "restricted", "42 CFR 2.12(d)(2); HL7 v3-Confidentiality")
VERY_RESTRICTED: Final = _cited(_CONFIDENTIALITY, "V", "very restricted", "42 CFR 2.31(b); HL7 v3-Confidentiality")
SUBSTANCE_USE: Final = _cited(
    _ACT_CODE, "SUD", "substance use disorder information sensitivity", "42 CFR 2.11, records; HL7 v3-ActCode"
)
SUBSTANCE_ABUSE: Final = _cited(
    _ACT_CODE, "ETH", "substance abuse information sensitivity", "HL7 v3-ActCode; for those who do not know SUD"
)
NOTES_APART: Final = _cited(
    _ACT_CODE, "PSYTHPN", "psychotherapy note information sensitivity", "42 CFR 2.11, SUD counseling notes"
)
PART_2: Final = _cited(_ACT_CODE, "42CFRPart2", "42 CFR Part2", "42 CFR 2.12(a)")
NO_REDISCLOSURE: Final = _cited(
    _ACT_CODE, "NORDSCLCD", "no redisclosure without consent directive", "42 CFR 2.32(a), 2.33(b)"
)
COMPLY: Final = _cited(_ACT_CODE, "CPLYCD", "comply with consent directive", "42 CFR 2.31(a), 2.32(b)")
PERSIST: Final = _cited(_ACT_CODE, "PERSISTLABEL", "persist security label", "42 CFR 2.32(a)")

_SENSITIVE: Final = (SUBSTANCE_USE, SUBSTANCE_ABUSE)
_ORDINARY: Final = (RESTRICTED, *_SENSITIVE, PART_2)

# That somebody is a patient here tells of the disorder (42 CFR 2.11, patient identifying information): no part is less.
LABELS: Final[Mapping[Information, tuple[Cited, ...]]] = MappingProxyType(
    {
        one: (VERY_RESTRICTED, *_SENSITIVE, NOTES_APART, PART_2) if one is Information.COUNSELLING_NOTES else _ORDINARY
        for one in Information
    }
)
"""What each part bears wherever it is."""

HANDLING: Final[Mapping[Redisclosure | None, tuple[Cited, ...]]] = MappingProxyType(
    {
        # The patient does with the own record as they please, and within the programme nothing is disclosed.
        None: (),
        Redisclosure.HIPAA_RULES: (COMPLY, PERSIST),
        Redisclosure.NOT_WITHOUT_NEW_CONSENT: (NO_REDISCLOSURE, COMPLY, PERSIST),
    }
)
"""What a recipient has to do with it, beside."""


def labels_of(information: Information, redisclosure: Redisclosure | None = None) -> list[SecurityLabel]:
    """Return the labels of a part, ready for `meta.security`."""
    return [cited.label for cited in (*LABELS[information], *HANDLING[redisclosure])]


def labelled(parts: Iterable[tuple[str, Information]], redisclosure: Redisclosure | None = None) -> list[LabelledParts]:
    """Return the labels of parts by their names, those that bear the same together, in the order given."""
    groups: dict[tuple[str, ...], LabelledParts] = {}
    for name, information in parts:
        security = labels_of(information, redisclosure)
        group = groups.setdefault(tuple(one.code for one in security), LabelledParts(parts=[], security=security))
        group.parts.append(name)
    return list(groups.values())
