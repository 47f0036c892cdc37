"""What comes next in an authorization, and who looks at it."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime

from services.contracts.gateway.oauth_clients import OauthClient
from services.contracts.identifiers import AccountId, LoginSessionId, OrganizationId, PatientId
from services.contracts.identity import Principal
from services.gateway.authorize.rules import Asked
from services.gateway.patient_door import Choices
from services.gateway.security_events.logic import SecurityEventKind, Told


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session of a person in an organization, and since when it is one."""

    id: LoginSessionId
    organization_id: OrganizationId
    account_id: AccountId
    auth_time: datetime

    def told(self, kind: SecurityEventKind, client: OauthClient, scopes: tuple[str, ...]) -> Told:
        """Return an event of what the person did with an application."""
        return Told(
            kind,
            self.organization_id,
            by=self.account_id,
            account_id=self.account_id,
            login_session_id=self.id,
            oauth_client_id=client.id,
            scopes=scopes,
        )


@dataclass(frozen=True, slots=True)
class Browser:
    """Who looks at the page: a browser with a secret of its own, and the person signed in there, if any."""

    secret: str = field(repr=False)
    person: Principal | None

    @property
    def csrf_token(self) -> str:
        """What the form for a device's code carries: only a page that was shown in this browser has it."""
        return hmac.digest(self.secret.encode(), b"eventide device", "sha256").hex()

    def is_csrf_token(self, text: str) -> bool:
        """Say whether a form comes from a page that was shown in this browser."""
        return hmac.compare_digest(self.csrf_token.encode(), text.encode("utf-8", "surrogatepass"))


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
    choices: Choices | None
    """Patients to choose from, or None where none is to be chosen."""
    ticked: frozenset[str]
    """The scopes that the person has not unticked."""


@dataclass(frozen=True, slots=True)
class Turning:
    """A page of patients that a person turns to, and what is ticked meanwhile."""

    page: str | None
    ticked: frozenset[str]


Step = GoTo | ShowSignIn | ShowConsent


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person chose on the page."""

    is_allowed: bool
    scopes: frozenset[str]
    patient_id: PatientId | None
