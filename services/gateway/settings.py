"""What the gateway is told."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Self

from pydantic import DirectoryPath, Field, FilePath, HttpUrl, model_validator

from services.chassis.settings import ServiceSettings
from services.gateway.login.sessions import SessionTimes


class GatewaySettings(ServiceSettings):
    """The settings of the gateway."""

    signing_keys_directory: DirectoryPath = Field(
        description="Folder of P-256 private keys, each named for the instant from which it signs: 20260131T120000Z.pem"
    )
    allowed_hosts: frozenset[str] = Field(
        default=frozenset(),
        description="Names in Host that are ours, beside those of gateway_url and loopback; a JSON list.",
    )
    allowed_origins: frozenset[str] = Field(
        default=frozenset(),
        description='Origins whose pages may read answers, such as "https://app.example.org"; a JSON list.',
    )
    trusted_engines: frozenset[IPv4Network | IPv6Network] = Field(
        default=frozenset(),
        description="Networks of the proxies that may ask /authz for decisions; a JSON list, by default of none.",
    )
    trusted_proxies: frozenset[IPv4Network | IPv6Network] = Field(
        default=frozenset(),
        description="Networks of the proxies whose X-Forwarded-For says who asks; a JSON list, by default of none.",
    )
    caller_allowance: float = Field(
        default=1.0,
        gt=0,
        le=1_000_000,
        description="How many times as often as usual one caller may call a route: 1200 times a minute, dear ones 60.",
    )
    id_token_keys_directory: DirectoryPath = Field(description="Folder of RSA private keys, named as the others are.")
    dynamic_registration: bool = Field(
        default=False,
        description="Let applications register themselves (RFC 7591), each with a permit of an organization.",
    )
    public_url: HttpUrl | None = Field(default=None, description="Where the world finds the gateway (gateway_url).")
    passkey_domain: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$",
        description="Domain that passkeys are made for (that of public_url); who changes it makes them all useless.",
    )
    passkey_origins: frozenset[str] = Field(
        default=frozenset(),
        description="Origins of pages and applications of ours, beside public_url's, that use passkeys; a JSON list.",
    )
    hashing_threads: int = Field(default=2, ge=1, le=64, description="Passwords hashed at the same time.")
    hashing_queue: int = Field(default=40, ge=1, le=1000, description="Passwords that may be in hand before 503.")
    hashing_memory_kib: int = Field(default=19456, ge=7168, le=1048576, description="Argon2id: KiB a hash takes.")
    hashing_rounds: int = Field(default=2, ge=1, le=100, description="Argon2id: passes over the memory.")
    breached_passwords_file: FilePath | None = Field(
        default=None, description="List of leaked passwords that `passwords import` has made; none are refused without."
    )
    sealing_key_file: FilePath = Field(description="File with the key of second factors: 32 bytes in base64.")
    signing_key_days: int | None = Field(
        default=None,
        ge=1,
        le=3650,
        description="Days after which other keys sign tokens, by themselves; only where all gateways share the folders "
        "of keys, and may write to them. None where others put keys there, which are taken up without a start.",
    )
    checkpoint_key_file: FilePath = Field(description="Ed25519 private key in PEM that signs audit checkpoints.")
    checkpoint_folder: DirectoryPath = Field(description="Where audit checkpoints are kept, outside of the database.")
    checkpoint_seconds: float = Field(default=10.0, gt=0, le=3600, description="Seconds between audit checkpoints.")
    mail_relay_url: HttpUrl | None = Field(
        default=None, description="Where letters are handed over as signed webhooks; without one none is sent."
    )
    mail_relay_secret_file: FilePath | None = Field(
        default=None, description="File with the secret shared with the relay: whsec_ and 24 to 64 bytes in base64."
    )
    account_page_url: HttpUrl | None = Field(
        default=None,
        description="Page of the frontends that the links of letters lead to; what opens follows as the fragment. "
        "None for letters that hold the secret alone.",
    )
    loopback_relay: bool = Field(
        default=False, description="Hand letters to this machine too, over plain HTTP: for rehearsals only."
    )
    session_idle_minutes: int = Field(default=30, ge=1, le=24 * 60, description="A session unused so long is over.")
    session_hours: int = Field(default=12, ge=1, le=24, description="A session is over after so long in any case.")

    @model_validator(mode="after")
    def _relay_is_whole(self) -> Self:
        if (self.mail_relay_url is None) is not (self.mail_relay_secret_file is None):
            raise ValueError("mail_relay_url and mail_relay_secret_file go together")
        url = self.account_page_url
        if url is not None and (url.scheme != "https" or url.query or url.fragment or url.username or url.password):
            raise ValueError("account_page_url must be an https URL without user, query or fragment")
        return self

    @property
    def session_times(self) -> SessionTimes:
        """How long sessions last."""
        return SessionTimes(timedelta(minutes=self.session_idle_minutes), timedelta(hours=self.session_hours))
