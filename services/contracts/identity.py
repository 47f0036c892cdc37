"""Who calls: the roles of an organization, and the verified caller of one request."""

from datetime import datetime
from enum import StrEnum

from services.contracts.base import Distinct, ResourceModel
from services.contracts.identifiers import (
    AccountId,
    EncounterId,
    LoginSessionId,
    OauthClientId,
    OrganizationId,
    PatientId,
)


class Role(StrEnum):
    """What a person does in an organization; a person may hold several."""

    FRONT_DESK = "front_desk"
    COUNSELLOR = "counsellor"
    SUPERVISOR = "supervisor"
    PRESCRIBER = "prescriber"
    NURSE = "nurse"
    LAB = "lab"
    BILLING = "billing"
    PROGRAMME_DIRECTOR = "programme_director"
    ORGANIZATION_ADMIN = "organization_admin"
    AUDITOR = "auditor"
    PATIENT = "patient"
    FAMILY = "family"
    PLATFORM_OPERATOR = "platform_operator"
    """Runs the installation: makes organizations and their first account, and reads no record."""


class Microservice(StrEnum):
    """The three services; also the audiences of internal tokens."""

    GATEWAY = "gateway"
    RECORDS = "records"
    SCHEDULER = "scheduler"


class Delegation(ResourceModel):
    """That an application calls, and what it was granted: less than the person may do, and never more."""

    oauth_client_id: OauthClientId
    scopes: Distinct[str]
    patient_id: PatientId | None
    """The patient in context (SMART App Launch), to whom the scopes of the level patient are limited."""
    encounter_id: EncounterId | None


class Assurance(StrEnum):
    """How surely a person is who signed in: the levels of NIST SP 800-63B, as `acr` (OpenID Connect Core, 2)."""

    AAL1 = "aal1"
    AAL2 = "aal2"


class SignIn(ResourceModel):
    """That a person proved who they are, in which login session, how and when."""

    login_session_id: LoginSessionId
    auth_time: datetime
    """When the newest proof was given; whole seconds, UTC."""
    amr: tuple[str, ...]
    """The methods, in the words of RFC 8176."""
    acr: Assurance


class Principal(ResourceModel):
    """The caller of one request, as the verified token says."""

    account_id: AccountId
    organization_id: OrganizationId | None
    """The organization the caller acts in; none only for a platform operator."""
    roles: Distinct[Role]
    acting_service: Microservice | None
    """The service that calls on the person's behalf (RFC 8693 `act`), or none for the person."""
    token_id: str
    """The `jti` of the token, for correlation; never a secret."""
    delegation: Delegation | None
    """What an application was granted, or none where no application stands between."""
    sign_in: SignIn | None
    """The login session that the token belongs to; none for a token that no sign-in gave."""
    proof_key: str | None
    """The RFC 7638 thumbprint of the key that the token is bound to (RFC 9449, 6), none for a bearer token."""
