"""Second factors of a person who signs in."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, SecretStr

from services.contracts.base import RequestModel, ResourceModel

OneTimeCode = Annotated[SecretStr, Field(min_length=6, max_length=6)]
"""The six digits that an authenticator application shows."""

RecoveryCode = Annotated[SecretStr, Field(min_length=1, max_length=40)]
"""One of the codes that were given when the second factor was set up; each opens once."""


class TotpRequest(RequestModel):
    """Begins to set up one-time codes; the password once more, for whoever only has the session must not do it."""

    password: SecretStr


class TotpEnrolment(ResourceModel):
    """What an authenticator application is told; shown once, and of no use before a code of it was confirmed."""

    secret: str = Field(description="In base32, to be typed in.")
    uri: str = Field(description="The same for a QR code, as an `otpauth` URI.")


class TotpConfirmation(RequestModel):
    """A code that the authenticator application shows."""

    one_time_code: OneTimeCode


class RecoveryCodes(ResourceModel):
    """Fresh recovery codes, shown once; those from before open nothing any more."""

    codes: list[str]


class Factors(ResourceModel):
    """The second factors of the caller."""

    totp_confirmed_at: datetime | None
    recovery_codes_left: int
