"""Every table of the gateway database, and those among them that span organizations."""

from types import MappingProxyType
from typing import Final

from services.gateway.accounts import tables as _accounts  # noqa: F401 - registers its rows
from services.gateway.attempts import tables as _attempts  # noqa: F401 - registers its rows
from services.gateway.authorize import tables as _authorize  # noqa: F401 - registers its rows
from services.gateway.client_registrations import tables as _client_registrations  # noqa: F401 - registers its rows
from services.gateway.devices import tables as _devices  # noqa: F401 - registers its rows
from services.gateway.dpop import tables as _dpop  # noqa: F401 - registers its rows
from services.gateway.emergency_alerts import tables as _emergency_alerts  # noqa: F401 - registers its rows
from services.gateway.factors import tables as _factors  # noqa: F401 - registers its rows
from services.gateway.grants import tables as _grants  # noqa: F401 - registers its rows
from services.gateway.identity_providers import tables as _identity_providers  # noqa: F401 - registers its rows
from services.gateway.invitations import tables as _invitations  # noqa: F401 - registers its rows
from services.gateway.letters import tables as _letters  # noqa: F401 - registers its rows
from services.gateway.login import tables as _login  # noqa: F401 - registers its rows
from services.gateway.oauth_clients import tables as _oauth_clients  # noqa: F401 - registers its rows
from services.gateway.organizations import tables as _organizations  # noqa: F401 - registers its rows
from services.gateway.passkeys import tables as _passkeys  # noqa: F401 - registers its rows
from services.gateway.password_resets import tables as _password_resets  # noqa: F401 - registers its rows
from services.gateway.provider_sign_ins import tables as _provider_sign_ins  # noqa: F401 - registers its rows
from services.gateway.rows import Base

METADATA: Final = Base.metadata

SPANNING_TABLES: Final = MappingProxyType(
    {
        "organizations": "it is the list of tenants; a platform operator makes them before anybody works in one",
        "accounts": "a person signs in before any organization is known, and may work in several",
        "workplaces": "sign-in must find where a person works before it can choose an organization; it holds no role",
        "oauth_clients": "an application is named before anybody has signed in; the installation's own are everybody's",
        "client_assertions": "an application proves itself before its organization is known; hashes of random ids",
        "used_proofs": "a proof is used before its token's organization matters; hashes of random ids",
        "authorization_requests": "an application asks before anybody has signed in; it says what is asked",
        "device_authorizations": "a device asks before anybody has signed in; hashes, and what is asked",
        "sign_in_attempts": "attempts are counted before anybody is known; hashes and numbers",
        "totp_factors": "they belong to a person, who is asked for them before an organization is chosen; sealed",
        "recovery_codes": "as totp_factors; keyed hashes",
        "passkeys": "as totp_factors; they sign a person in before an organization is known; public keys",
        "letters": "whom a letter is to is not looked up while somebody waits; sealed",
        "password_resets": "as totp_factors; hashes of random secrets",
        "passkey_challenges": "whoever asks to sign in gets one before anybody is known; hashes and ids",
        "ended_tokens": "every process must know them before it knows whose a token is; ids and instants",
    }
)
"""The tables without an organization's row-level security, each with the reason; none holds clinical data."""
