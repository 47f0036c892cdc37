"""A new password for who has forgotten the old one."""

from typing import Annotated

from pydantic import Field, SecretStr

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.gateway.letters import LetterLanguage
from services.contracts.gateway.organizations import Email, Password

LetterSecret = Annotated[SecretStr, Field(min_length=1, max_length=200)]
"""What came in a letter, behind the `=` of its link."""


class PasswordResetRequest(RequestModel):
    """Asks for a letter with a link, to the address that somebody signs in with."""

    email: Email
    language: LetterLanguage = LetterLanguage.ENGLISH


class PasswordResetAsked(ResourceModel):
    """What everybody is answered, whether the address has an account or not."""

    expires_in: int = Field(description="Seconds that a link is good for.")


class PasswordResetRedemption(RequestModel):
    """The secret of a link, and the password from now on."""

    secret: LetterSecret
    new_password: Password
