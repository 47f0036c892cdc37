"""How much is decided on where several consents cover a disclosure."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from services.contracts.disclosure import ConsentKind, Information
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.patients import PatientPresence
from services.policy.decisions.answer import (
    Basis,
    ConsentUsed,
    Decision,
    Denial,
    Obligations,
    Permission,
    Rule,
    Scope,
)
from services.policy.decisions.question import Consent, Resource
from services.records.disclosures.deciding import Deciding, Granted, RestsOnAnother
from services.records.disclosures.parts import Item

ASKED = (Information.ATTENDANCE, Information.DRUG_TESTS)
DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in range(40)]
THERE = {
    part: [
        Item(frozenset({day}), PatientPresence(id=PatientId(UUID(int=1)), site_id=SiteId(UUID(int=2)))) for day in DAYS
    ]
    for part in ASKED
}


def consent(number: int, *information: Information) -> Consent:
    return Consent(
        id=UUID(int=number),
        version=1,
        kind=ConsentKind.GENERAL,
        missing=frozenset(),
        information=frozenset(information),
        purposes=frozenset(),
        recipient_ids=frozenset(),
        recipient_kinds=frozenset(),
        signatures=(),
    )


class Counted:
    """Decides by the first consent that has the part, and counts how often, and how many consents it was given."""

    def __init__(self) -> None:
        self.decisions = 0
        self.given = 0

    def __call__(self, consents: tuple[Consent, ...], resource: Resource) -> Decision:
        self.decisions += 1
        self.given += len(consents)
        for one in consents:
            if resource.information in one.information:
                used, scope = ConsentUsed(one.id, one.version), Scope(resource.information)
                return Permission(Basis.CONSENT, Obligations(scope=scope, consent=used))
        return Denial(Rule.NO_CONSENT)


def decided(consents: Sequence[Consent]) -> tuple[Counted, Granted | None]:
    counted = Counted()
    deciding = Deciding(counted, ASKED, consents)
    assert deciding.refused() is None
    assert isinstance(deciding.granted(THERE, lambda _: True), RestsOnAnother)
    return counted, deciding.granted_on_one(THERE, lambda _: True)


def test_what_is_decided_on_grows_with_the_consents_and_not_with_their_square() -> None:
    """Before, thirty consents of a part each were held against each day of each part thirty times thirty times."""
    few, many = (decided([consent(number, ASKED[number % 2]) for number in range(n)]) for n in (15, 30))

    assert (few[1], many[1]) == (None, None)
    assert many[0].decisions <= 2 * few[0].decisions
    assert many[0].given <= 2 * few[0].given


def test_the_one_that_covers_all_is_found_behind_those_that_cover_a_part() -> None:
    parts = [consent(number, ASKED[number % 2]) for number in range(29)]

    _, granted = decided([*parts, consent(29, *ASKED)])

    assert granted is not None
    assert granted.permission.obligations.consent == ConsentUsed(UUID(int=29), 1)
    assert [len(things) for things in granted.things.values()] == [len(DAYS), len(DAYS)]
