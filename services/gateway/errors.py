"""The gateway's refusals."""

from collections.abc import Iterable, Sequence

from services.chassis.errors import InvalidRequestError, ServiceError
from services.contracts.gateway.organizations import Organization
from services.contracts.problems import InvalidField, ProblemType


class MalformedRequestError(ServiceError):
    """The request has a form that two parsers could read differently, so it goes no further."""

    problem = ProblemType.MALFORMED_REQUEST


class HeadersTooLargeError(ServiceError):
    """More header fields, or more bytes of them, than a client of this API ever needs (RFC 6585, 5)."""

    problem = ProblemType.HEADERS_TOO_LARGE

    def __init__(self, fields: int, size: int) -> None:
        super().__init__(f"Send at most {fields} header fields, and at most {size} bytes with the request target.")


class NoSuchMethodError(ServiceError):
    """The resource is there, and has other methods."""

    problem = ProblemType.METHOD_NOT_ALLOWED

    def __init__(self, methods: Iterable[str]) -> None:
        super().__init__("This resource has other methods; Allow lists them.")
        self.methods = tuple(methods)


class ProofMissingError(ServiceError):
    """The token is bound to a key, and came as if it were good for whoever bears it (RFC 9449, 7.2)."""

    problem = ProblemType.AUTHENTICATION_REQUIRED

    def __init__(self) -> None:
        super().__init__(
            "This token is bound to a key: send it with the scheme DPoP, and a proof in DPoP.",
            code="dpop-proof-required",
        )


class ProofRefusedError(ServiceError):
    """The proof of possession is not of the token's key, not for this request, too old, or used; not said which."""

    problem = ProblemType.AUTHENTICATION_REQUIRED

    def __init__(self) -> None:
        super().__init__(
            "Send in DPoP a fresh proof of the key that the token is bound to, for this method and URL and with the "
            "token's hash in ath (RFC 9449, 4.2).",
            code="invalid-dpop-proof",
        )


class ProofNonceError(ServiceError):
    """The proof has a nonce that is not ours or is over (RFC 9449, 9)."""

    problem = ProblemType.AUTHENTICATION_REQUIRED

    def __init__(self) -> None:
        super().__init__("Make the proof again with the nonce in DPoP-Nonce.", code="use-dpop-nonce")


class UpstreamInterruptedError(ServiceError):
    """The connection to a service ended before its answer; whether a write was done is not known."""

    problem = ProblemType.UPSTREAM_UNAVAILABLE

    def __init__(self, service: str) -> None:
        super().__init__(
            f"The connection to the {service} service ended before it answered. A write may have been done: "
            "send it again with the same Idempotency-Key.",
            code="interrupted",
        )


class OverloadedError(ServiceError):
    """As many sign-ins wait as can be checked in good time."""

    problem = ProblemType.OVERLOADED

    def __init__(self) -> None:
        super().__init__("Too many people sign in at the moment. Try again shortly.")


class ServiceBusyError(ServiceError):
    """The service has as much in hand as requests of this kind may add to; nothing was done."""

    problem = ProblemType.OVERLOADED

    def __init__(self, service: str) -> None:
        super().__init__(f"The {service} service has too much in hand for this now. Try again shortly.", code="busy")


class CalledTooOftenError(ServiceError):
    """An address has called a public route, or a caller another one, more often than it allows."""

    problem = ProblemType.TOO_MANY_REQUESTS

    def __init__(self, seconds: int) -> None:
        super().__init__("This was called too often from here. Try again after the seconds in Retry-After.")
        self.retry_after_seconds = seconds


class TriedTooOftenError(ServiceError):
    """Too many attempts were wrong; whether the name exists or the last attempt was right is not said."""

    problem = ProblemType.TOO_MANY_REQUESTS

    def __init__(self, seconds: int) -> None:
        super().__init__("Too many attempts have failed. Try again after the seconds in Retry-After.")
        self.retry_after_seconds = seconds


class CredentialsRefusedError(ServiceError):
    """Unknown address, wrong password, or an organization the person does not work in: never said which."""

    problem = ProblemType.CREDENTIALS_REFUSED

    def __init__(self) -> None:
        super().__init__("E-mail address and password do not fit together.")


class SecondFactorRequiredError(ServiceError):
    """The password is right, and the person has a second factor of which no code was sent."""

    problem = ProblemType.CREDENTIALS_REFUSED

    def __init__(self) -> None:
        super().__init__(
            "You have a second factor. Send one_time_code or recovery_code too.", code="second-factor-required"
        )


class CodeRefusedError(ServiceError):
    """The code is wrong, was used before, or there is nothing it could be of: never said which."""

    problem = ProblemType.NOT_ALLOWED

    def __init__(self) -> None:
        super().__init__("This code does not open anything. Wait for the next one.", code="code-refused")


class PasswordRefusedError(ServiceError):
    """The password sent once more is not that of the person who is signed in."""

    problem = ProblemType.NOT_ALLOWED

    def __init__(self) -> None:
        super().__init__("This is not your password.", code="password-refused")


class InvitationExistsError(ServiceError):
    """The address has an open invitation to the organization, or works there already."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__(
            "This address works here or has an open invitation. Send that one again, or revoke it first.",
            code="invitation-exists",
        )


class InvitationOverError(ServiceError):
    """The invitation was accepted or revoked."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This invitation was accepted or revoked. Make a new one.", code="invitation-over")


class LinkRefusedError(ServiceError):
    """The secret of a link is unknown, was used, or is over: never said which."""

    problem = ProblemType.NOT_ALLOWED

    def __init__(self) -> None:
        super().__init__("This link does not open anything any more. Ask for a new one.", code="link-refused")


class NoMailError(ServiceError):
    """Nobody carries letters out of this installation, whoever they are to."""

    problem = ProblemType.UPSTREAM_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__(
            "This installation sends no letters. An administrator of your organization can help you in.",
            code="no-mail",
        )


class PasskeyRefusedError(ServiceError):
    """No passkey of ours signed this challenge here and now: never said what was wrong with it."""

    problem = ProblemType.CREDENTIALS_REFUSED

    def __init__(self) -> None:
        super().__init__(
            "This passkey does not sign you in. Ask for fresh options and try again, or sign in another way.",
            code="passkey-refused",
        )


class PasskeyNotAddedError(ServiceError):
    """What the browser sent is no new passkey for this challenge of this session: never said why."""

    problem = ProblemType.NOT_ALLOWED

    def __init__(self) -> None:
        super().__init__(
            "This passkey cannot be added. Ask for fresh options and try again with a device that asks for your "
            "fingerprint, face or PIN.",
            code="passkey-not-added",
        )


class PasskeyExistsError(ServiceError):
    """The passkey is known already."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("This passkey was added before.", code="passkey-exists")


class FactorExistsError(ServiceError):
    """The person has one-time codes, which are removed before others are set up."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("You have one-time codes already. Remove them first.", code="factor-exists")


class ProviderActiveError(ServiceError):
    """The provider was told what it calls us before, and people may have linked accounts with that."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This provider is active. Register another one, and disable this.", code="provider-active")


class ProviderRefusedError(ServiceError):
    """A provider, or what a browser brought back from it, lets nobody in; `reason` is for the trail."""

    problem = ProblemType.UPSTREAM_UNAVAILABLE

    def __init__(self, reason: str) -> None:
        super().__init__(_SAID_OF_PROVIDERS.get(reason, _STARTS_AGAIN), code=reason)
        self.reason = reason


_STARTS_AGAIN = (
    "What your organization's provider sent back does not open anything here. Go back to where you came from and start "
    "again."
)
_SAID_OF_PROVIDERS = {
    "not-linked": (
        "Nobody has linked this account here. Sign in with your password or a passkey once, and link it in your "
        "settings."
    ),
    "second-factor": (
        "You have one-time codes here, and your organization's provider has not proved two factors. Sign in with your "
        "password and a code, or with a passkey."
    ),
    "linked-already": "This account is linked with somebody already, or you have linked another one of this provider.",
    "session-over": "Your session ended meanwhile. Sign in, and link the account again.",
    "too-long-ago": "You signed in to your organization's provider too long ago. Sign out there, and start again.",
    "provider-unreachable": "Your organization's provider does not answer as it should. Try again shortly.",
}


class SessionOverError(ServiceError):
    """No session has this secret, or it was ended, has expired, or was left idle: never said which."""

    problem = ProblemType.CREDENTIALS_REFUSED

    def __init__(self) -> None:
        super().__init__("This session is over. Sign in again.", code="session-over")


class OrganizationRequiredError(ServiceError):
    """The password is right and the person works in several organizations; `errors` offers each."""

    problem = ProblemType.INVALID_REQUEST

    def __init__(self, organizations: Sequence[Organization]) -> None:
        super().__init__(
            "You work in several organizations. Send the organization_id of one of those in errors.",
            code="organization-required",
            errors=tuple(
                InvalidField(
                    location="body", pointer="/organization_id", detail=f"{organization.id} {organization.name}"
                )
                for organization in organizations
            ),
        )


class UngrantableRolesError(InvalidRequestError):
    """Roles that no organization can give, or not by who tries."""

    def __init__(self, detail: str) -> None:
        super().__init__("/roles", detail)


class OwnRolesError(ServiceError):
    """Nobody gives themselves rights, or takes away their own by mistake: somebody else has to."""

    problem = ProblemType.NOT_ALLOWED

    def __init__(self) -> None:
        super().__init__("Somebody else has to change your own roles.", code="own-roles")


class OwnAccountError(ServiceError):
    """Nobody shuts themselves out, or lets themselves in: somebody else has to."""

    problem = ProblemType.NOT_ALLOWED

    def __init__(self) -> None:
        super().__init__("Somebody else has to disable or enable your own account.", code="own-account")


class AccountExistsError(ServiceError):
    """The e-mail address has an account; nothing is said about where."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("No account was created: this e-mail address cannot be added to the organization.")


class EventRefusedError(ServiceError):
    """The event is not signed by records, or not lately, or for another organization."""

    problem = ProblemType.CREDENTIALS_REFUSED

    def __init__(self) -> None:
        super().__init__("Only records tells of emergencies afterwards, and signs it (Standard Webhooks, v1a).")
