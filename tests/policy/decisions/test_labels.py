"""Every part of a record bears security labels wherever it goes, and a recipient is told what it may do with it."""

import pytest

from services.contracts.disclosure import Information, Redisclosure
from services.policy.decisions.labels import HANDLING, LABELS, labelled, labels_of

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"


def codes(information: Information, redisclosure: Redisclosure | None = None) -> list[str]:
    return [one.code for one in labels_of(information, redisclosure)]


@pytest.mark.parametrize("information", Information)
def test_every_part_says_how_confidential_it_is_what_it_is_sensitive_for_and_by_which_law(
    information: Information,
) -> None:
    levels = [one.code for one in labels_of(information) if one.system == CONFIDENTIALITY]

    assert levels == ["V" if information is Information.COUNSELLING_NOTES else "R"]
    assert {"SUD", "ETH", "42CFRPart2"} <= set(codes(information))
    assert ("PSYTHPN" in codes(information)) is (information is Information.COUNSELLING_NOTES)
    assert all(cited.citation for cited in LABELS[information])


@pytest.mark.parametrize(
    ("redisclosure", "handling"),
    [
        (None, set()),
        (Redisclosure.HIPAA_RULES, {"CPLYCD", "PERSISTLABEL"}),
        (Redisclosure.NOT_WITHOUT_NEW_CONSENT, {"NORDSCLCD", "CPLYCD", "PERSISTLABEL"}),
    ],
)
def test_only_who_may_not_pass_it_on_is_told_so(redisclosure: Redisclosure | None, handling: set[str]) -> None:
    added = set(codes(Information.DRUG_TESTS, redisclosure)) - set(codes(Information.DRUG_TESTS))

    assert added == handling
    assert set(HANDLING) == {None, *Redisclosure}


def test_parts_that_bear_the_same_are_named_together_and_the_notes_apart() -> None:
    groups = labelled([(one.value, one) for one in Information])

    assert [one.parts for one in groups] == [
        [one.value for one in Information if one is not Information.COUNSELLING_NOTES],
        ["counselling_notes"],
    ]
