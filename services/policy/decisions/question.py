"""What a decision is taken on: who wants which part of whose record, for what, and what the patient has signed."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from services.contracts.disclosure import (
    ConsentElement,
    ConsentKind,
    Information,
    Purpose,
    RecipientKind,
    Signer,
)
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Role


class Relation(StrEnum):
    """What an actor is to the patient."""

    CARE_TEAM = "care_team"
    SITE = "site"
    """Works at the site where the patient is treated."""
    AUTHOR = "author"
    """Wrote this very resource."""
    SELF = "self"


class Label(StrEnum):
    """What is special about a resource."""

    NAMES_OTHER_PATIENTS = "names_other_patients"
    DE_IDENTIFIED = "de_identified"
    """According to 45 CFR 164.514(b)."""


class Standing(StrEnum):
    """Whose signature a consent of this patient needs."""

    ADULT = "adult"
    MINOR_ALONE = "minor_alone"
    """State law lets this minor consent to treatment alone (42 CFR 2.14(a))."""
    MINOR_WITH_PARENT = "minor_with_parent"
    """State law wants a parent's consent to treatment too (42 CFR 2.14(b))."""
    MINOR_OF_UNKNOWN_STATE = "minor_of_unknown_state"
    """Nobody has entered what the site's state says."""
    LACKS_CAPACITY = "lacks_capacity"
    """An adult for whom a personal representative decides (42 CFR 2.15)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, in the organization that the token names."""

    account_id: AccountId
    organization_id: OrganizationId | None
    roles: frozenset[Role]
    recipient_id: UUID | None = None
    """As which recipient they ask for themselves: somebody close to the patient, who has claimed to be it."""


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """The patient, as far as the decision depends on them."""

    organization_id: OrganizationId
    standing: Standing
    relations: frozenset[Relation]
    """The actor's relations to this patient, or to this resource."""
    is_sealed: bool = False
    """The programme has closed (42 CFR 2.19): nobody uses or discloses anything of it."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One part of the record."""

    information: Information
    recorded_on: date | None = None
    """The day it is of, where it is of one."""
    labels: frozenset[Label] = frozenset()


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody outside the programme; within it there is none."""

    id: UUID
    kind: RecipientKind
    hipaa_bound: bool
    """A covered entity or a business associate of one."""
    is_the_patient: bool = False
    """Whether it is the very patient whose record is asked for."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature; somebody else's than the patient's needs authority at that time (42 CFR 2.15)."""

    signer: Signer
    signed_at: datetime
    authority_from: datetime | None = None
    authority_until: datetime | None = None
    """None for an authority without an end."""


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent as it stands now."""

    id: UUID
    version: int
    kind: ConsentKind
    missing: frozenset[ConsentElement]
    information: frozenset[Information]
    purposes: frozenset[Purpose]
    recipient_ids: frozenset[UUID]
    recipient_kinds: frozenset[RecipientKind]
    signatures: tuple[Signature, ...]
    records_from: date | None = None
    records_until: date | None = None
    """The last day of the records that it covers."""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    """From when on the revocation holds."""
    known_false: bool = False
    standing: Standing | None = None
    """The patient's when it was signed, which decides whose signature it took; None for the present one."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """A restriction that the patient asked for and the programme granted (42 CFR 2.26)."""

    information: frozenset[Information]
    purposes: frozenset[Purpose]
    recipient_ids: frozenset[UUID]
    recipient_kinds: frozenset[RecipientKind]
    records_from: date | None = None
    records_until: date | None = None
    """The last day of the records that it keeps back; with neither day, all of them."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """A medical emergency as it is written down (42 CFR 2.51(c)); None for what has not been said."""

    recipient_name: str | None
    facility: str | None
    discloser: str | None
    nature: str | None
    at: datetime | None
    until: datetime | None = None
    """Where it opens a record to somebody of the programme: until when."""


@dataclass(frozen=True, slots=True)
class CourtOrder:
    """An order under subpart E; it permits, and only a subpoena beside it compels (42 CFR 2.61(b))."""

    subpoena: str | None
    information: frozenset[Information]
    issued_at: datetime
    expires_at: datetime | None
    confidential_communications: bool
    """Whether it makes the findings of 42 CFR 2.63."""


class Approval(StrEnum):
    """A written basis that needs no consent."""

    RESEARCH = "research"
    """A board's approval or a waiver (42 CFR 2.52)."""
    OVERSIGHT = "oversight"
    """The agency's written agreement (42 CFR 2.53)."""


@dataclass(frozen=True, slots=True)
class Question:
    """May `actor` use `resource` of `patient` for `purpose`, or disclose it to `recipient`?"""

    actor: Actor
    purpose: Purpose
    resource: Resource
    patient: PatientFacts
    now: datetime
    recipient: Recipient | None = None
    consents: tuple[Consent, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    emergency: Emergency | None = None
    court_order: CourtOrder | None = None
    approval: Approval | None = None
