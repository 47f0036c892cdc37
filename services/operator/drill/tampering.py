"""Ways to tamper with an audit trail, by somebody who may write to every table and holds no key."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any, Final
from uuid import UUID

from services.chassis.audit.chain import Link, linked

_LINKS: Final = "select lane, number, event, seal, hash from audit_events order by lane, number"


class Trail:
    """The trail of one organization, as the owner of its database sees and changes it."""

    def __init__(self, connection: Any, organization_id: UUID, random: Random) -> None:
        self._connection = connection
        self.organization_id = organization_id
        self.random = random

    async def links(self) -> list[Link]:
        """Return every link."""
        return [Link(*row) for row in await self._connection.fetch(_LINKS)]

    async def any_link(self) -> Link:
        """Return one of them."""
        return self.random.choice(await self.links())

    async def any_but_a_last(self) -> Link:
        """Return one that another follows in its lane: without it there is a gap, and not only a shorter lane."""
        links = await self.links()
        return self.random.choice([link for link, next_ in pairwise(links) if link.lane == next_.lane])

    async def lane_of(self, link: Link) -> list[Link]:
        """Return the links of its lane, in order."""
        return [one for one in await self.links() if one.lane == link.lane]

    async def change(self, link: Link, column: str, value: object) -> None:
        """Overwrite one column of one link."""
        await self._connection.execute(
            f"update audit_events set {column} = $3 where lane = $1 and number = $2",  # noqa: S608 - a name of ours
            link.lane,
            link.number,
            value,
        )

    async def delete(self, link: Link) -> None:
        """Delete one link."""
        await self._connection.execute(
            "delete from audit_events where lane = $1 and number = $2", link.lane, link.number
        )

    async def insert(self, link: Link) -> None:
        """Insert a link as it is."""
        await self._connection.execute(
            "insert into audit_events (organization_id, lane, number, event, seal, hash) "
            "values ($1, $2, $3, $4, $5, $6)",
            self.organization_id,
            link.lane,
            link.number,
            link.event,
            link.seal,
            link.hash,
        )

    async def replace_lane(self, lane: int, links: list[Link]) -> None:
        """Put other links in the place of a whole lane, each hashed anew after the one before it."""
        await self._connection.execute("delete from audit_events where lane = $1", lane)
        previous = bytes(32)
        for number, link in enumerate(links, 1):
            bare = Link(lane, number, link.event, link.seal, b"")
            previous = linked(previous, self.organization_id, bare)
            await self.insert(Link(lane, number, link.event, link.seal, previous))


Tampering = Callable[[Trail], Awaitable[None]]


async def _edit(trail: Trail) -> None:
    link = await trail.any_link()
    await trail.change(link, "event", link.event.replace("permitted", "denied"))


async def _edit_one_character(trail: Trail) -> None:
    link = await trail.any_link()
    place = trail.random.randrange(len(link.event))
    changed = "x" if link.event[place] != "x" else "y"
    await trail.change(link, "event", link.event[:place] + changed + link.event[place + 1 :])


async def _edit_hash(trail: Trail) -> None:
    await trail.change(await trail.any_link(), "hash", trail.random.randbytes(32))


async def _edit_seal(trail: Trail) -> None:
    await trail.change(await trail.any_link(), "seal", trail.random.randbytes(32))


async def _delete(trail: Trail) -> None:
    await trail.delete(await trail.any_but_a_last())


async def _truncate(trail: Trail) -> None:
    lane = await trail.lane_of(await trail.any_link())
    for link in lane[-trail.random.randint(1, len(lane)) :]:
        await trail.delete(link)


async def _delete_a_lane(trail: Trail) -> None:
    await trail.replace_lane((await trail.any_link()).lane, [])


async def _insert_at_the_end(trail: Trail) -> None:
    last = (await trail.lane_of(await trail.any_link()))[-1]
    forged = Link(last.lane, last.number + 1, '{"id":"forged"}', hashlib.sha256(b"guess").digest(), b"")
    await trail.insert(replace(forged, hash=linked(last.hash, trail.organization_id, forged)))


async def _repeat_at_the_end(trail: Trail) -> None:
    lane = await trail.lane_of(await trail.any_link())
    old, last = trail.random.choice(lane), lane[-1]
    again = Link(last.lane, last.number + 1, old.event, old.seal, b"")
    await trail.insert(replace(again, hash=linked(last.hash, trail.organization_id, again)))


async def _insert_in_the_middle(trail: Trail) -> None:
    lane = await trail.lane_of(await trail.any_link())
    place = trail.random.randrange(len(lane))
    forged = Link(lane[0].lane, 0, '{"id":"forged"}', hashlib.sha256(b"guess").digest(), b"")
    await trail.replace_lane(lane[0].lane, [*lane[:place], forged, *lane[place:]])


async def _swap(trail: Trail) -> None:
    lane = await trail.lane_of(await trail.any_link())
    first, second = trail.random.sample(lane, 2)
    await trail.change(first, "event", second.event)
    await trail.change(first, "seal", second.seal)
    await trail.change(second, "event", first.event)
    await trail.change(second, "seal", first.seal)


async def _reorder_and_hash_anew(trail: Trail) -> None:
    lane = await trail.lane_of(await trail.any_link())
    first, second = trail.random.sample(range(len(lane)), 2)
    lane[first], lane[second] = lane[second], lane[first]
    await trail.replace_lane(lane[0].lane, lane)


async def _delete_and_hash_anew(trail: Trail) -> None:
    lane = await trail.lane_of(await trail.any_link())
    number = lane[0].lane
    del lane[trail.random.randrange(len(lane))]
    await trail.replace_lane(number, lane)


async def _move_to_another_lane(trail: Trail) -> None:
    link = await trail.any_but_a_last()
    await trail.delete(link)
    other = (await trail.lane_of(await trail.any_link()))[-1]
    moved = Link(other.lane, other.number + 1, link.event, link.seal, b"")
    await trail.insert(replace(moved, hash=linked(other.hash, trail.organization_id, moved)))


TAMPERINGS: Final[tuple[tuple[str, Tampering], ...]] = (
    ("edit", _edit),
    ("edit_one_character", _edit_one_character),
    ("edit_hash", _edit_hash),
    ("edit_seal", _edit_seal),
    ("delete", _delete),
    ("truncate", _truncate),
    ("delete_a_lane", _delete_a_lane),
    ("insert_at_the_end", _insert_at_the_end),
    ("repeat_at_the_end", _repeat_at_the_end),
    ("insert_in_the_middle", _insert_in_the_middle),
    ("swap", _swap),
    ("reorder_and_hash_anew", _reorder_and_hash_anew),
    ("delete_and_hash_anew", _delete_and_hash_anew),
    ("move_to_another_lane", _move_to_another_lane),
)
