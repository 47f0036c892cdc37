"""Where a calendar is and what opens it, sealed; the address alone lets whoever has it read the calendar."""

from dataclasses import dataclass, field
from typing import Final

import orjson

from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import CommitmentSourceId, OrganizationId

_TABLE: Final = "commitment_polls"


@dataclass(frozen=True, slots=True)
class Access:
    """Where a calendar is, and what opens it; none of it shows in a repr."""

    url: str = field(repr=False)
    user_name: str | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server told us to remember, so that we need not read what has not changed (RFC 9110, 13; RFC 6578).

    `read_at` is the instant, in seconds since 1970, at which everything was read.
    """

    read_at: float
    etag: str | None = field(default=None, repr=False)
    last_modified: str | None = field(default=None, repr=False)
    collection: str | None = field(default=None, repr=False)


class SourceSeal:
    """Seals and opens what belongs to one source, with the patient's data key."""

    def __init__(self, organization_id: OrganizationId, source_id: CommitmentSourceId, key: SealingKey) -> None:
        self._organization_id = organization_id
        self._source_id = source_id
        self._key = key

    def seal_access(self, access: Access) -> bytes:
        """Seal where the calendar is."""
        return self._key.seal(orjson.dumps(access), self._place("access"))

    def open_access(self, sealed: bytes) -> Access:
        """Open where the calendar is.

        Raises:
            SealBrokenError: It was changed, moved, or sealed with another key.
        """
        return Access(**orjson.loads(self._key.unseal(sealed, self._place("access"))))

    def seal_validators(self, validators: Validators) -> bytes:
        """Seal what the server told."""
        return self._key.seal(orjson.dumps(validators), self._place("validators"))

    def open_validators(self, sealed: bytes) -> Validators:
        """Open what the server told.

        Raises:
            SealBrokenError: It was changed, moved, or sealed with another key.
        """
        return Validators(**orjson.loads(self._key.unseal(sealed, self._place("validators"))))

    def _place(self, column: str) -> Place:
        return Place(self._organization_id, _TABLE, column, self._source_id)
