"""Where used proofs are kept, for all processes of the gateway."""

from datetime import datetime
from typing import Any, Final

# Old ones go with new ones, and never more than a few at once; who finds one that another forgets leaves it to them.
_USE: Final = """
with old as (
    select proof_hash from used_proofs where forgotten_at <= $3 limit 20 for update skip locked
), forgotten as (
    delete from used_proofs using old where used_proofs.proof_hash = old.proof_hash
)
insert into used_proofs (proof_hash, forgotten_at) values ($1, $2) on conflict do nothing returning true
"""


class UsedProofs:
    """Used proofs in the database, on the driver: it is asked at each request that comes with a proof."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def use(self, digest: bytes, *, forgotten_at: datetime, now: datetime) -> bool:
        """Keep that a proof is used; says no where it was used before, even at this very moment."""
        return await self._connection.fetchval(_USE, digest, forgotten_at, now) is True
