"""A patient's seal: what any subject writes of a person is closed with that person's own data key."""

from dataclasses import dataclass
from uuid import UUID

from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import OrganizationId


@dataclass(frozen=True, slots=True)
class PersonSeal:
    """Closes and opens values of one patient; none of them opens in another place, or for another person."""

    organization_id: OrganizationId
    key: SealingKey

    def close(self, value: bytes, table: str, column: str, row: UUID) -> bytes:
        """Encrypt a value for its place; where a row has versions, the version belongs to the name of the column."""
        return self.key.seal(value, Place(self.organization_id, table, column, row))

    def open(self, sealed: bytes, table: str, column: str, row: UUID) -> bytes:
        """Decrypt a value in its place.

        Raises:
            SealBrokenError: It was changed, moved, or sealed with another key.
        """
        return self.key.unseal(sealed, Place(self.organization_id, table, column, row))
