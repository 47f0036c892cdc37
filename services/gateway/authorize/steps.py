"""What comes next in an authorization, and who looks at it."""

from dataclasses import dataclass, field
from datetime import datetime

from services.contracts.gateway.oauth_clients import OauthClient
from services.contracts.identifiers import AccountId, LoginSessionId, OrganizationId, PatientId
from services.contracts.identity import Principal
from services.gateway.authorize.rules import Asked
from services.gateway.patient_door import Choice


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session of a person in an organization, and since when it is one."""

    id: LoginSessionId
    organization_id: OrganizationId
    account_id: AccountId
    auth_time: datetime


@dataclass(frozen=True, slots=True)
class Browser:
    """Who looks at the page: a browser with a secret of its own, and the person signed in there, if any."""

    secret: str = field(repr=False)
    person: Principal | None


@dataclass(frozen=True, slots=True)
class GoTo:
    """Send the browser to the application."""

    uri: str


@dataclass(frozen=True, slots=True)
class ShowSignIn:
    """Ask the person to sign in."""

    handle: str
    client: OauthClient
    asked: Asked


@dataclass(frozen=True, slots=True)
class ShowConsent:
    """Ask the person what the application may do."""

    handle: str
    client: OauthClient
    asked: Asked
    choices: list[Choice] | None
    """Patients to choose from, or None where none is to be chosen."""


Step = GoTo | ShowSignIn | ShowConsent


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person chose on the page."""

    is_allowed: bool
    scopes: frozenset[str]
    patient_id: PatientId | None
