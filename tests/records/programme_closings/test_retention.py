"""One record is kept by another law than the others, or destroyed because its period has expired (42 CFR 2.19(a))."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import DisclosureId, OrganizationId, PatientId
from services.contracts.identity import Role
from services.contracts.records.programme_closings import (
    DispositionKind,
    DispositionRequest,
    ExpiredSince,
    RetentionLaw,
)
from services.operator.postgres.provision import DatabaseUrls
from services.operator.shredding.keys import destroy, keys_of
from services.operator.shredding.ledger import Shredding
from services.records.programme_closings.rules import misfit
from tests.records.conftest import PatientFactory
from tests.records.consents.conftest import NewConsent, hospital, new_consent, new_recipient, terms
from tests.records.disclosures.conftest import Disclose, body, disclose
from tests.records.draw_programmes.conftest import At, at
from tests.records.programme_closings.test_programme_closings import (
    ENDS,
    GIVEN,
    LAW,
    admin,
    decide,
    listed,
    opened,
    seal,
)
from tests.records.test_races import Committing, beside

__all__ = ["admin", "at", "beside", "body", "disclose", "hospital", "new_consent", "new_recipient", "terms"]

Json = dict[str, Any]
OF_MINORS: Json = {"citation": "Synthetic Code 9-4", "keep_until": "2041-05-01"}
EXPIRED: Json = {"citation": "Synthetic Code 9-1", "keep_until": ENDS["ends_on"]}
NOT_YET: Json = {"citation": "Synthetic Code 9-1", "keep_until": "2026-10-03"}
ENDS_ON = date.fromisoformat(ENDS["ends_on"])
LABEL = (
    "Records of Harbour Street programme required to be maintained under Synthetic Code 9-4 until a date not later than"
    " May 1, 2041"
)


@pytest.mark.parametrize("of_closing", [LAW, None], ids=["another law", "no law"])
async def test_a_record_is_kept_by_the_law_that_is_named_for_it_and_labelled_with_that(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, at: At,
    of_closing: Json | None,
) -> None:  # fmt: skip
    """Before, one law held for every record of a closing, and who was a minor was destroyed with the others."""
    closing, minor, other = await opened(admin, retention=of_closing), await new_patient(), await new_patient()
    await decide(director, closing, other, kind="keep" if of_closing else "destroy")

    kept = await decide(director, closing, minor, retention=OF_MINORS)
    sealed = await seal(at, closing)

    assert (kept.status_code, kept.json()["kept"]) == (200, 2 if of_closing else 1), kept.text
    found = {one["id"]: one for one in await listed(director, closing)}
    told = found[minor["id"]]
    assert (told["retention"], told["label"], told["destroy_from"]) == (OF_MINORS, LABEL, "2041-05-01")
    told, of_all = found[other["id"]], sealed.json()["label"]
    from_day = of_closing["keep_until"] if of_closing else "2026-10-04"
    assert (told["retention"], told["label"], told["destroy_from"]) == (of_closing, of_all, from_day)


async def test_a_record_whose_period_has_expired_is_destroyed_with_the_reason(
    admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, at: At
) -> None:
    """Before, it was refused, and a record was kept that 42 CFR 2.19(a) requires to destroy."""
    closing, old, other = await opened(admin), await new_patient(), await new_patient()
    await decide(director, closing, other)

    destroyed = await decide(director, closing, old, kind="destroy", retention=EXPIRED, reason="discharge")
    sealed = await seal(at, closing)

    assert (destroyed.status_code, destroyed.json()["to_destroy"]) == (200, 1), destroyed.text
    assert (sealed.status_code, sealed.json()["kept"]) == (200, 1)
    told = next(one for one in await listed(director, closing) if one["id"] == old["id"])
    assert (told["retention"], told["reason"], told["label"], told["destroy_from"]) == (
        EXPIRED, "discharge", None, "2026-10-04",
    )  # fmt: skip


async def test_of_a_record_whose_key_is_destroyed_no_law_is_told(
    *, beside: Committing, databases: Mapping[str, DatabaseUrls], organization_id: UUID, patient_body: Json
) -> None:
    """Before, its own law stayed, whose day tells when a child was born; the closing's is not why it was kept."""
    director = beside.call(Role.PROGRAMME_DIRECTOR)
    gone, stays = [(await director.post("/v1/patients", json=patient_body)).json() for _ in range(2)]
    closing = await opened(beside.call(Role.ORGANIZATION_ADMIN))
    assert (await decide(director, closing, gone, stays, retention=OF_MINORS)).status_code == 200
    organization, patient_id = OrganizationId(organization_id), UUID(gone["id"])
    keys = await keys_of(databases, organization, patient_id)

    await destroy(databases, [Shredding(organization, patient_id, keys, uuid4(), "asked for", "2026-10-02T09:00:00Z")])

    found = {one["id"]: one for one in await listed(director, closing)}
    told = [(found[one]["is_destroyed"], found[one]["retention"]) for one in (gone["id"], stays["id"])]
    assert told == [(True, None), (False, OF_MINORS)]
    assert (found[gone["id"]]["kind"], found[gone["id"]]["label"]) == ("keep", None)


async def test_what_is_left_of_a_transferred_record_is_kept_by_the_law_that_is_named_for_it(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent,
    disclose: Disclose, at: At,
) -> None:  # fmt: skip
    patient = await new_patient()
    await new_consent(patient, information=GIVEN)
    closing = await opened(admin)
    given = (await disclose(patient["id"], information=GIVEN)).json()["disclosure"]["id"]

    moved = await decide(director, closing, patient, kind="transfer", disclosure_id=given, retention=OF_MINORS)
    await seal(at, closing)

    assert moved.status_code == 200, moved.text
    assert [(one["label"], one["destroy_from"]) for one in await listed(director, closing)] == [(LABEL, "2041-05-01")]


async def test_what_is_left_of_a_transferred_record_whose_period_has_expired_is_destroyed_at_the_seal(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, new_consent: NewConsent,
    disclose: Disclose, at: At,
) -> None:  # fmt: skip
    """Before, it was kept by the closing's law, which had not been why, until a day on which nothing required it."""
    patient = await new_patient()
    await new_consent(patient, information=GIVEN)
    closing = await opened(admin)
    given = (await disclose(patient["id"], information=GIVEN)).json()["disclosure"]["id"]
    said = {"kind": "transfer", "disclosure_id": given, "reason": "majority"}

    bad = [await decide(director, closing, patient, **said, retention=one) for one in (NOT_YET, None)]
    moved = await decide(director, closing, patient, **said, retention=EXPIRED)
    await seal(at, closing)

    assert [one.json()["errors"][0]["pointer"] for one in bad] == ["/retention/keep_until", ""]
    assert (moved.status_code, moved.json()["transferred"]) == (200, 1), moved.text
    [told] = await listed(director, closing)
    assert (told["kind"], told["retention"], told["reason"]) == ("transfer", EXPIRED, "majority")
    assert (told["label"], told["destroy_from"]) == (None, "2026-10-04")


async def test_what_is_decided_otherwise_leaves_nothing_of_the_law_that_was_named_before(
    admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    closing, patient = await opened(admin), await new_patient()
    await decide(director, closing, patient, kind="destroy", retention=EXPIRED, reason="death")

    await decide(director, closing, patient)

    [told] = await listed(director, closing)
    assert (told["kind"], told["retention"], told["reason"]) == ("keep", LAW, None)


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"kind": "destroy"}, "/kind"),
        ({"kind": "destroy", "retention": NOT_YET, "reason": "discharge"}, "/retention/keep_until"),
        ({"kind": "keep", "retention": EXPIRED}, "/retention/keep_until"),
        ({"kind": "destroy", "retention": EXPIRED}, ""),
        ({"kind": "destroy", "reason": "discharge"}, ""),
        ({"kind": "keep", "retention": OF_MINORS, "reason": "majority"}, ""),
        ({"kind": "destroy", "retention": EXPIRED, "reason": "asked for"}, "/reason"),
        ({"kind": "keep", "retention": {"citation": "Synthetic Code 9-1"}}, "/retention/keep_until"),
    ],
)
async def test_a_law_that_says_otherwise_is_refused_where_it_is_named(
    *, admin: httpx2.AsyncClient, director: httpx2.AsyncClient, new_patient: PatientFactory, said: Json, pointer: str
) -> None:
    closing, patient = await opened(admin), await new_patient()

    answer = await decide(director, closing, patient, **said)

    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, [pointer]), answer.text
    assert [one["kind"] for one in await listed(director, closing)] == [None]


def laws() -> st.SearchStrategy[RetentionLaw | None]:
    days = st.dates(date(2026, 9, 1), date(2026, 11, 1)) | st.just(ENDS_ON)
    return st.none() | st.builds(RetentionLaw, citation=st.just("Synthetic Code"), keep_until=days)


@given(
    kind=st.sampled_from(DispositionKind),
    own=laws(),
    of_closing=st.none() | st.just(RetentionLaw.model_validate(LAW)),
    says_expired=st.booleans(),
)
def test_what_a_law_requires_to_keep_after_the_end_is_kept_and_nothing_else(
    *, kind: DispositionKind, own: RetentionLaw | None, of_closing: RetentionLaw | None, says_expired: bool
) -> None:
    is_transfer, destroys = kind is DispositionKind.TRANSFER, kind is DispositionKind.DESTROY
    is_expired = own is not None and (destroys or (is_transfer and says_expired))
    request = DispositionRequest(
        patient_ids=[PatientId(uuid4())],
        kind=kind,
        disclosure_id=DisclosureId(uuid4()) if is_transfer else None,
        retention=own,
        reason=ExpiredSince.DISCHARGE if is_expired else None,
    )

    is_right = misfit(request, of_closing, ENDS_ON) is None

    law = own or of_closing
    is_required = law is not None and law.keep_until > ENDS_ON
    # What is transferred may be left to the closing's law, or to none; of its own it is said whether it still holds.
    assert is_right is ((own is None or is_required is not is_expired) if is_transfer else is_required is not destroys)
