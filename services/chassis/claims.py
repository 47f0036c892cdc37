"""What our own tokens say (RFC 7519, RFC 9068), and the caller that they speak of."""

from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, model_validator

from services.contracts.identifiers import (
    AccountId,
    EncounterId,
    LoginSessionId,
    OauthClientId,
    OrganizationId,
    PatientId,
)
from services.contracts.identity import Assurance, Delegation, Microservice, Principal, Role, SignIn


class Confirmation(BaseModel):
    """The key that whoever sends the token must prove to hold (RFC 7800, 3.1; RFC 9449, 6.1)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    jkt: StrictStr


class Claims(BaseModel):
    """The claims we sign: types are strict, and unknown members are refused.

    Only those of an application and of a sign-in may be absent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    iss: StrictStr
    aud: StrictStr
    sub: UUID
    iat: StrictInt
    exp: StrictInt
    jti: StrictStr
    org: UUID | None
    roles: frozenset[Role]
    act: Microservice | None
    client_id: UUID | None = None
    """The application that was granted the token, with its `scope` (RFC 9068, 2.2); a person's own has neither."""
    scope: StrictStr | None = None
    patient: UUID | None = None
    encounter: UUID | None = None
    sid: UUID | None = None
    """The login session, and how and when its person was authenticated (OpenID Connect Core, 2)."""
    auth_time: StrictInt | None = None
    amr: tuple[StrictStr, ...] | None = None
    acr: Assurance | None = None
    cnf: Confirmation | None = None
    """The key that the token is bound to; one without is good for whoever bears it."""

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if (self.client_id is None) is not (self.scope is None):
            raise ValueError("an application has scopes")
        if self.client_id is None and (self.patient or self.encounter):
            raise ValueError("a context belongs to an application")
        if len({self.sid is None, self.auth_time is None, self.amr is None, self.acr is None}) > 1:
            raise ValueError("a sign-in is told whole")
        return self

    def delegation(self) -> Delegation | None:
        """Return what an application was granted, or None for a person's own token."""
        if self.client_id is None or self.scope is None:
            return None
        return Delegation(
            oauth_client_id=OauthClientId(self.client_id),
            scopes=frozenset(self.scope.split(" ")) - {""},
            patient_id=None if self.patient is None else PatientId(self.patient),
            encounter_id=None if self.encounter is None else EncounterId(self.encounter),
        )

    def sign_in(self) -> SignIn | None:
        """Return the sign-in that the token belongs to, or None."""
        if self.sid is None or self.auth_time is None or self.amr is None or self.acr is None:
            return None
        return SignIn(
            login_session_id=LoginSessionId(self.sid),
            auth_time=datetime.fromtimestamp(self.auth_time, UTC),
            amr=self.amr,
            acr=self.acr,
        )

    def principal(self) -> Principal:
        """Return the caller these claims speak of."""
        return Principal(
            delegation=self.delegation(),
            sign_in=self.sign_in(),
            account_id=AccountId(self.sub),
            organization_id=None if self.org is None else OrganizationId(self.org),
            roles=self.roles,
            acting_service=self.act,
            token_id=self.jti,
            proof_key=None if self.cnf is None else self.cnf.jkt,
        )


def told_of(principal: Principal) -> dict[str, Any]:
    """Return what a token says of its caller."""
    return {
        "sub": principal.account_id,
        "org": principal.organization_id,
        "roles": principal.roles,
        "act": principal.acting_service,
        "cnf": None if principal.proof_key is None else Confirmation(jkt=principal.proof_key),
        **_delegated(principal.delegation),
        **_signed_in(principal.sign_in),
    }


def _delegated(delegation: Delegation | None) -> dict[str, Any]:
    if delegation is None:
        return {}
    return {
        "client_id": delegation.oauth_client_id,
        "scope": " ".join(sorted(delegation.scopes)),
        "patient": delegation.patient_id,
        "encounter": delegation.encounter_id,
    }


def _signed_in(sign_in: SignIn | None) -> dict[str, Any]:
    if sign_in is None:
        return {}
    return {
        "sid": sign_in.login_session_id,
        "auth_time": int(sign_in.auth_time.timestamp()),
        "amr": sign_in.amr,
        "acr": sign_in.acr,
    }
