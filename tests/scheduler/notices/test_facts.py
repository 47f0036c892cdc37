"""What several notices about one appointment come to."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.contracts.identifiers import PractitionerId, RoomId, SiteId
from services.contracts.scheduler.notices import NoticeKind
from services.contracts.vocabulary import Modality
from services.scheduler.notices.facts import PLANNING, NoticeFacts, Sitting, Told, check
from tests.scheduler.notices.conftest import local, sitting

SITE = SiteId(UUID(int=1))
SIX, SEVEN = sitting(local(7, 18)), sitting(local(7, 19))
SIX_BY_VIDEO = sitting(local(7, 18), Modality.TELEHEALTH)

sides = st.none() | st.builds(
    lambda hour, modality, who, room: replace(
        sitting(local(7, hour), modality), practitioner_id=PractitionerId(UUID(int=who)), room_id=RoomId(UUID(int=room))
    ),
    st.integers(8, 11),
    st.sampled_from(Modality),
    st.integers(1, 2),
    st.integers(1, 2),
)


def told(kind: NoticeKind, before: Sitting | None, after: Sitting | None) -> Told:
    return Told(kind, NoticeFacts(SITE, before=before, after=after))


def step(before: Sitting | None, after: Sitting | None, *, closes: bool) -> Told:
    if before is None:
        return told(NoticeKind.MAKE_UP if closes else NoticeKind.SESSION_ADDED, before, after)
    if after is None or before.start == after.start:
        if closes:
            return told(NoticeKind.CLOSURE, before, after)
        return told(NoticeKind.SESSION_CANCELLED if after is None else NoticeKind.SESSION_CHANGED, before, after)
    return told(NoticeKind.SESSION_CHANGED, before, after)


@given(st.lists(st.tuples(sides, st.booleans()), min_size=3, max_size=6))
def test_many_come_to_the_way_from_the_first_to_the_last(path: list[tuple[Sitting | None, bool]]) -> None:
    steps = [step(before, after, closes=closes) for (before, _), (after, closes) in pairwise(path) if before != after]
    assume(len(steps) > 1)

    total = steps[0]
    for newer in steps[1:]:
        total = newer.after(total)

    assert (total.facts.before, total.facts.after) == (path[0][0], path[-1][0])
    assert total.kind in PLANNING
    assert total.says_nothing is (path[0][0] == path[-1][0])
    if not total.says_nothing:
        check(total)


@pytest.mark.parametrize(
    ("older", "newer", "kind"),
    [
        ((NoticeKind.MAKE_UP, None, SIX), (NoticeKind.SESSION_CHANGED, SIX, SEVEN), NoticeKind.MAKE_UP),
        ((NoticeKind.CLOSURE, SIX, None), (NoticeKind.MAKE_UP, None, SEVEN), NoticeKind.SESSION_CHANGED),
        (
            (NoticeKind.SESSION_CHANGED, SEVEN, SIX),
            (NoticeKind.CLOSURE, SIX, SIX_BY_VIDEO),
            NoticeKind.SESSION_CHANGED,
        ),
        ((NoticeKind.SESSION_CHANGED, SEVEN, SIX), (NoticeKind.CLOSURE, SIX, None), NoticeKind.CLOSURE),
        (
            (NoticeKind.CLOSURE, SIX, SIX_BY_VIDEO),
            (NoticeKind.SESSION_CANCELLED, SIX_BY_VIDEO, None),
            NoticeKind.SESSION_CANCELLED,
        ),
    ],
)
def test_the_sum_has_the_kind_that_tells_it(
    older: tuple[NoticeKind, Sitting | None, Sitting | None],
    newer: tuple[NoticeKind, Sitting | None, Sitting | None],
    kind: NoticeKind,
) -> None:
    assert told(*newer).after(told(*older)).kind is kind


def test_it_is_of_use_until_the_last_of_its_times_or_until_an_answer_counts() -> None:
    moved = told(NoticeKind.SESSION_CHANGED, SEVEN, SIX)
    reply_by = SIX.start - timedelta(days=1)
    offer = Told(NoticeKind.OFFER, NoticeFacts(SITE, after=SIX, reply_by=reply_by))

    assert (moved.expires_at, offer.expires_at) == (SEVEN.start, reply_by)


def test_what_is_not_known_of_a_sitting_is_no_change_of_it() -> None:
    led = replace(SIX, practitioner_id=PractitionerId(UUID(int=1)), room_id=RoomId(UUID(int=2)))

    assert told(NoticeKind.SESSION_CHANGED, SIX, led).says_nothing
    assert told(NoticeKind.SESSION_CHANGED, led, SIX).says_nothing
    other = replace(led, practitioner_id=PractitionerId(UUID(int=3)))
    assert not told(NoticeKind.SESSION_CHANGED, led, other).says_nothing


@pytest.mark.parametrize(
    "wrong",
    [
        told(NoticeKind.SESSION_ADDED, SIX, SEVEN),
        told(NoticeKind.SESSION_CHANGED, None, SEVEN),
        told(NoticeKind.SESSION_CANCELLED, SIX, SEVEN),
        told(NoticeKind.CLOSURE, None, SEVEN),
        told(NoticeKind.OFFER, None, SIX),
        Told(NoticeKind.REMINDER, NoticeFacts(SITE, after=SIX, reply_by=SIX.start)),
    ],
)
def test_facts_that_a_kind_cannot_tell_are_refused(wrong: Told) -> None:
    with pytest.raises(ValueError, match=r"facts|answer"):
        check(wrong)
