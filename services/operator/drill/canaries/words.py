"""The strings that are planted, and the columns that each must be sealed in."""

import base64
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from typing_extensions import override


class Column(NamedTuple):
    """A column of one service's database."""

    service: str
    table: str
    name: str

    @override
    def __str__(self) -> str:
        """Write it as a path."""
        return ".".join(self)


def in_records(table: str, name: str) -> Column:
    """Name a column of records, where most that is sealed lies."""
    return Column("records", table, name)


_WRAPPED: Final = "a key, wrapped by the one above it"
_HASH: Final = "a digest of 256 bits"
_IN_EACH: Final = {("idempotency_keys", "request_hash"): _HASH}
_WORDLESS: Final[Mapping[str, Mapping[tuple[str, str], str]]] = {
    "gateway": _IN_EACH
    | {
        ("audit_events", "hash"): _HASH,
        ("audit_events", "seal"): _HASH,
        ("authorization_codes", "code_hash"): _HASH,
        ("authorization_requests", "browser_hash"): _HASH,
        ("authorization_requests", "handle_hash"): _HASH,
        ("client_assertions", "jti_hash"): _HASH,
        ("device_authorizations", "device_hash"): _HASH,
        ("device_authorizations", "user_code_hash"): _HASH,
        ("idempotency_keys", "body"): "an answer about staff, sealed by the code that seals records'",
        ("identity_links", "subject_hash"): _HASH,
        ("identity_providers", "secret"): "a secret or key of ours for another server, sealed",
        ("invitations", "secret_hash"): _HASH,
        ("launches", "launch_hash"): _HASH,
        ("letters", "content"): "an address of staff and a link, sealed; where no relay is named none is written",
        ("login_sessions", "secret_hash"): _HASH,
        ("oauth_clients", "registration_hash"): _HASH,
        ("passkey_challenges", "browser_hash"): _HASH,
        ("passkey_challenges", "challenge_hash"): _HASH,
        ("passkeys", "credential_id"): "chosen by a device, and no secret",
        ("passkeys", "public_key"): "a public key",
        ("password_resets", "secret_hash"): _HASH,
        ("provider_requests", "browser_hash"): _HASH,
        ("provider_requests", "state_hash"): _HASH,
        ("recovery_codes", "code_hash"): _HASH,
        ("refresh_tokens", "successor"): "a token of ours, for who has the one before it",
        ("refresh_tokens", "token_hash"): _HASH,
        ("registration_permits", "token_hash"): _HASH,
        ("sign_in_attempts", "key"): _HASH,
        ("totp_factors", "secret"): "random bytes of ours, sealed",
        ("used_proofs", "proof_hash"): _HASH,
    },
    "records": _IN_EACH
    | {
        ("audit_events", "hash"): _HASH,
        ("audit_events", "seal"): _HASH,
        ("counselling_note_keys", "wrapped"): _WRAPPED,
        ("directory_programmes", "digest"): _HASH,
        ("draw_programmes", "seed"): "random bytes of ours, sealed",
        ("discharge_summaries", "sha256"): _HASH,
        ("patient_accounts", "code_sha256"): _HASH,
        ("related_person_accounts", "code_sha256"): _HASH,
        ("note_cosignatures", "sha256"): _HASH,
        ("note_versions", "sha256"): _HASH,
        ("organization_keys", "wrapped"): _WRAPPED,
        ("patient_keys", "wrapped"): _WRAPPED,
        ("patients", "likeness"): "a keyed digest",
        ("referral_keys", "wrapped"): _WRAPPED,
    },
    "scheduler": _IN_EACH
    | {
        ("commitment_polls", "validators"): "what a calendar's server tells of its document: the drill reaches none",
        ("feed_tokens", "token_hash"): _HASH,
        ("offer_tokens", "token_hash"): _HASH,
        ("organization_keys", "wrapped"): _WRAPPED,
        ("patient_keys", "wrapped"): _WRAPPED,
        ("pgqueuer", "payload"): "ids of an organization and of a job; searched like everything",
    },
}


def takes_no_words(column: Column) -> bool:
    """Whether nobody's words can be in a column of bytes, for a reason that is written down; every other is sealed."""
    return (column.table, column.name) in _WORDLESS[column.service]


@dataclass(slots=True)
class Canaries:
    """What was planted: words that may be nowhere in the clear, and marks that may not be in one column."""

    control: str = field(default_factory=lambda: f"control{secrets.token_hex(6)}")
    """A word that is planted where it may be read, so that a search has to find it."""
    words: set[str] = field(default_factory=set)
    marks: dict[Column, set[str]] = field(default_factory=dict)
    planted: set[Column] = field(default_factory=set)

    def word(self, *columns: Column, prefix: str = "") -> str:
        """Make a word that nobody else writes, to be sealed in these columns."""
        word = f"{prefix}cnry{secrets.token_hex(6)}"
        self.told(word, *columns)
        return word

    def told(self, word: str, *columns: Column) -> None:
        """Take what was chosen for its form, such as a date, as a word."""
        self.words.add(word)
        self.planted.update(columns)

    def mark(self, column: Column, text: str) -> None:
        """Take for a column without free text what any unsealed writing in it would show."""
        self.marks.setdefault(column, set()).add(text)
        self.planted.add(column)


def written(word: str) -> Iterator[bytes]:
    """Yield the forms in which a word is readable: as it is, in hexadecimal, and in base64 at each of three offsets."""
    plain = word.encode()
    yield plain
    yield plain.hex().encode()
    for offset in range(3):
        # What of the encoding depends on the bytes before and after is left away.
        encoded = base64.b64encode(bytes(offset) + plain).rstrip(b"=")
        yield encoded[(offset * 8 + 5) // 6 : len(encoded) - (1 if (offset + len(plain)) % 3 else 0)]
