"""What a notice tells, what two of them come to, and how long one is of use. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final, Self
from uuid import UUID

from services.contracts.identifiers import AppointmentId, OfferId, PractitionerId, RoomId, SiteId
from services.contracts.scheduler.notices import NoticeKind
from services.contracts.vocabulary import Modality

PLANNING: Final = frozenset(
    {
        NoticeKind.SESSION_ADDED,
        NoticeKind.SESSION_CHANGED,
        NoticeKind.SESSION_CANCELLED,
        NoticeKind.MAKE_UP,
        NoticeKind.CLOSURE,
    }
)
"""Kinds that tell where a sitting was and where it is by now; of these a newer one takes an older one's place."""
OWN_SCHEDULE: Final = frozenset({NoticeKind.OWN_SCHEDULE_SET, NoticeKind.OWN_SCHEDULE_CHANGED})
"""Kinds that tell practitioners of their own schedule: `after` is from the first change to the last."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """When and how a patient is to come, and to whom and where if that is known; nothing of what for."""

    start: datetime
    end: datetime
    modality: Modality
    practitioner_id: PractitionerId | None = None
    room_id: RoomId | None = None

    def is_with_another(self, other: Self) -> bool:
        """Whether it is known to be with somebody else than the other one."""
        return _are_known_to_differ(self.practitioner_id, other.practitioner_id)

    def is_elsewhere(self, other: Self) -> bool:
        """Whether it is known to be in another room than the other one."""
        return _are_known_to_differ(self.room_id, other.room_id)

    def is_like(self, other: Self) -> bool:
        """Whether a patient who knows the other one has nothing to be told."""
        return (
            (self.start, self.end, self.modality) == (other.start, other.end, other.modality)
            and not self.is_with_another(other)
            and not self.is_elsewhere(other)
        )


def _are_known_to_differ(one: UUID | None, other: UUID | None) -> bool:
    return one is not None and other is not None and one != other


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What a notice tells: where a sitting was, where it is by now, and until when an answer counts.

    `appointment_id` is the sitting's in the book; notices about one appointment take each other's place. `offer_id` is
    what an answer answers, or what is not to be had any more.
    """

    site_id: SiteId
    appointment_id: AppointmentId | None = None
    before: Sitting | None = None
    after: Sitting | None = None
    reply_by: datetime | None = None
    offer_id: OfferId | None = None


def key_of_offer(offer_id: OfferId) -> str:
    """Return the key under which the notice of an offer is queued."""
    return f"offer:{offer_id}"


@dataclass(frozen=True, slots=True)
class Told:
    """A kind with its facts."""

    kind: NoticeKind
    facts: NoticeFacts

    @property
    def says_nothing(self) -> bool:
        """Whether the patient is to come exactly as before."""
        before, after = self.facts.before, self.facts.after
        if before is None or after is None:
            return self.kind in PLANNING and before is after
        return self.kind in PLANNING and before.is_like(after)

    @property
    def expires_at(self) -> datetime:
        """When telling it is of no more use: what it tells has begun, or its answer no longer counts."""
        if self.facts.reply_by is not None:
            return self.facts.reply_by
        if self.kind in OWN_SCHEDULE and self.facts.after is not None:
            return self.facts.after.end
        return max(sitting.start for sitting in (self.facts.before, self.facts.after) if sitting is not None)

    def after(self, older: Self) -> "Told":
        """Return what both come to for somebody who never heard of `older`: from where that one began to here."""
        facts = replace(self.facts, before=older.facts.before)
        return Told(_kind_of(self.kind, older.kind, facts), facts)


def _kind_of(newer: NoticeKind, older: NoticeKind, facts: NoticeFacts) -> NoticeKind:
    if facts.before is None:
        return older if older in _NEW else newer if newer in _NEW else NoticeKind.SESSION_ADDED
    if facts.after is None:
        return newer if newer is NoticeKind.CLOSURE else NoticeKind.SESSION_CANCELLED
    is_same_time = (facts.before.start, facts.before.end) == (facts.after.start, facts.after.end)
    return newer if newer is NoticeKind.CLOSURE and is_same_time else NoticeKind.SESSION_CHANGED


_NEW: Final = frozenset({NoticeKind.SESSION_ADDED, NoticeKind.MAKE_UP})
_NEEDS: Final[Mapping[NoticeKind, tuple[bool | None, bool | None]]] = MappingProxyType(
    {
        NoticeKind.SESSION_ADDED: (False, True),
        NoticeKind.MAKE_UP: (False, True),
        NoticeKind.SESSION_CHANGED: (True, True),
        NoticeKind.SESSION_CANCELLED: (True, False),
        NoticeKind.CLOSURE: (True, None),
        NoticeKind.REMINDER: (False, True),
        NoticeKind.OFFER: (False, True),
        NoticeKind.SEAT_FILLED: (False, True),
        NoticeKind.WEEK_PUBLISHED: (False, True),
        NoticeKind.RIDE_CHANGED: (True, True),
        NoticeKind.RIDE_CANCELLED: (True, False),
        NoticeKind.OWN_SCHEDULE_SET: (False, True),
        NoticeKind.OWN_SCHEDULE_CHANGED: (False, True),
    }
)
"""Whether a kind has a `before` and an `after`; None where it may."""


def check(told: Told) -> None:
    """Refuse facts that the kind cannot tell.

    Raises:
        ValueError: A mistake of the caller's code, never of a person.
    """
    sides = (told.facts.before is not None, told.facts.after is not None)
    if any(need is not None and need is not side for need, side in zip(_NEEDS[told.kind], sides, strict=True)):
        raise ValueError(f"these facts are not those of a {told.kind.value}")
    if (told.facts.reply_by is not None) is not (told.kind is NoticeKind.OFFER):
        raise ValueError("an offer, and nothing else, says until when to answer")
