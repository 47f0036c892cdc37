"""What states say of minors, and whose signature a patient's consent takes."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from services.contracts.base import ResourceModel
from services.contracts.disclosure import Signer
from services.contracts.identifiers import PatientId
from services.contracts.records.consents import MinorConsentRule
from services.contracts.rule_packs import RuleMark

Jurisdiction = Annotated[str, StringConstraints(pattern=r"^US-[A-Z]{2}$")]
"""A state, as ISO 3166-2 writes it."""


class StateOnMinors(ResourceModel):
    """What is known of a state; it counts nowhere until a site has adopted it by a rule of its own."""

    jurisdiction: str
    name: str
    alone_from_age: int | None = Field(description="Null where a parent must consent to treatment too.")
    majority_age: int
    citation: str
    mark: RuleMark
    effective_from: date = Field(description="Since when the figure is known to us; the text may be older.")


class StatesOnMinors(ResourceModel):
    """What is known of states; one that is missing is not known, which says nothing of its law."""

    items: list[StateOnMinors]


class ParentTold(StrEnum):
    """On what a parent or guardian of a minor may be told anything (42 CFR 2.14)."""

    ON_MINORS_CONSENT = "on_minors_consent"
    """Even that there is a patient, and even to be paid."""
    ON_BOTH_CONSENTS = "on_both_consents"
    """Of the application for treatment, on the minor's alone."""
    NOT_UNTIL_RULE = "not_until_rule"
    """Nobody has entered what the state says."""


class ConsentStanding(ResourceModel):
    """Whose signature a consent of the patient takes now, and on what a parent may be told."""

    patient_id: PatientId
    signers: list[Signer] = Field(description="All of them sign; none, where no consent can be given until a rule is.")
    parent_told: ParentTold | None = Field(description="Null for who is of age.")
    rule: MinorConsentRule | None = Field(description="The site's rule that holds now; null where there is none.")
    clause: str
    remedy: str | None = Field(description="What is missing before a consent can be given; null where nothing is.")
