"""Launching applications, and what a person has agreed to."""

from datetime import datetime

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import EncounterId, OauthClientId, PatientId


class LaunchRequest(RequestModel):
    """Starts an application from a patient's chart (SMART App Launch, EHR launch)."""

    oauth_client_id: OauthClientId
    patient_id: PatientId
    encounter_id: EncounterId | None = None


class Launch(ResourceModel):
    """What the application is opened with: its launch URL gets both as `iss` and `launch`."""

    launch: str = Field(description="Good once, for you and this application.")
    iss: str
    expires_in: int = Field(description="Seconds until it is good no more.")


class OauthConsent(ResourceModel):
    """What you let an application do without being asked again."""

    oauth_client_id: OauthClientId
    name: str
    scopes: list[str]
    agreed_at: datetime
