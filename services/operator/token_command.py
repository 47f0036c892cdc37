"""`eventide token`: a bearer token for an installation whose keys are on this machine."""

import argparse
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from services.chassis.clock import Clock
from services.chassis.settings import ServiceSettings
from services.chassis.tokens import ACCESS_AUDIENCE, LIFETIMES, KeyRing, TokenSigner, TokenType
from services.contracts.identifiers import AccountId, LoginSessionId, OrganizationId
from services.contracts.identity import Assurance, Principal, Role, SignIn
from services.operator.errors import OperatorError
from services.operator.lifecycle import state_of
from services.operator.state import StateFolder
from services.operator.supervisor.control import NotRunningError, ask

_USAGE = 2


class TokenRefusedError(OperatorError):
    """A token may not be made here."""


def run(arguments: argparse.Namespace) -> int:
    """Print a token signed with the installation's own key.

    Raises:
        TokenRefusedError: The installation's data are on a server of its own, or it has no keys.
    """
    if problem := _misuse(arguments):
        print(f"eventide token: {problem}", file=sys.stderr)
        return _USAGE
    state = StateFolder(state_of(arguments))
    if state.external_database.exists():
        raise TokenRefusedError("Tokens are not made for an installation started with --database-url: sign in instead.")
    if not any(state.signing_keys.glob("*.pem")):
        raise TokenRefusedError(f"There is no signing key in {state.root}. `./eventide up` makes one.")
    token = mint(
        state.secrets,
        frozenset(map(Role, arguments.role)),
        user=arguments.user,
        organization=arguments.organization,
        lifetime=timedelta(seconds=arguments.ttl),
        offset=_clock_offset(state),
        is_proved=arguments.proved,
    )
    print(token)
    return 0


def mint(
    secrets: Path,
    roles: frozenset[Role],
    *,
    user: UUID | None = None,
    organization: UUID | None = None,
    lifetime: timedelta = timedelta(hours=1),
    offset: timedelta = timedelta(),
    is_proved: bool = False,
) -> str:
    """Return an access token signed with a key of a state folder's secrets.

    `offset` is how far the clocks of the services that will see it are ahead of ours. One `is_proved` opens for five
    minutes what asks for a second factor, as if its bearer had just proved one.
    """
    clock = Clock(offset)
    principal = Principal(
        account_id=AccountId(user or uuid4()),
        organization_id=None if organization is None else OrganizationId(organization),
        roles=roles,
        acting_service=None,
        token_id="",
        delegation=None,
        sign_in=_just_proved(clock) if is_proved else None,
        proof_key=None,
    )
    signer = TokenSigner(
        KeyRing.from_directory(StateFolder(secrets.parent).signing_keys),
        issuer=ServiceSettings.model_fields["issuer"].default,
        clock=clock,
    )
    token, _ = signer.sign(principal, token_type=TokenType.ACCESS, audience=ACCESS_AUDIENCE, lifetime=lifetime)
    return token


def _just_proved(clock: Clock) -> SignIn:
    now = clock.now().replace(microsecond=0)
    return SignIn(
        login_session_id=LoginSessionId(uuid4()), auth_time=now, amr=("pwd", "otp", "mfa"), acr=Assurance.AAL2
    )


def _misuse(arguments: argparse.Namespace) -> str | None:
    if unknown := set(arguments.role) - set(Role):
        return f"there is no role {', '.join(sorted(unknown))}; there are {', '.join(Role)}"
    if arguments.organization is None and set(arguments.role) != {Role.PLATFORM_OPERATOR}:
        return "--organization is needed: only a platform_operator acts in none"
    longest = int(LIFETIMES[TokenType.ACCESS].total_seconds())
    if not 0 < arguments.ttl <= longest:
        return f"--ttl must be from 1 to {longest} seconds"
    return None


def _clock_offset(state: StateFolder) -> timedelta:
    try:
        answer = ask(state, {"command": "status"})
    except NotRunningError:
        return timedelta()
    return timedelta(seconds=answer["clock_offset_seconds"])
