"""What of a setup is in force, and what a change of it does to an instance that was made before."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.scheduler.sites import Practitioner
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solves.rules import SiteSetup, instance_of
from services.scheduler.solves.setup_rules import days_out, ended_by, in_force, never_open, with_changed_setup, without
from services.scheduler.weeks import SLOTS_A_DAY, SlotInterval, window_slots
from tests.scheduler.solves.test_rules import GRID, MONDAY, practitioner, requirement, setup, week

DAYS = st.none() | st.integers(-10, 10).map(lambda days: MONDAY + timedelta(days=days))


def saved_again(site: SiteSetup) -> SiteSetup:
    """The same setup, as somebody has sent it once more."""
    parts = {
        part: [one.model_copy(update={"version": one.version + 1}) for one in getattr(site, part)]
        for part in ("rooms", "practitioners", "offerings")
    }
    return SiteSetup(site.site.model_copy(update={"version": 2}), **parts)


def instance(site: SiteSetup) -> dict[str, Any]:
    return instance_of(site, week(requirement(), requirement()), {}, GRID, None)


@given(DAYS, DAYS)
def test_the_days_on_which_somebody_is_there_are_those_from_the_first_to_before_the_end(
    starts_on: date | None, ends_on: date | None
) -> None:
    there = {day for day in range(7) if (day, 0, SLOTS_A_DAY) not in days_out(starts_on, ends_on, MONDAY)}

    days = [MONDAY + timedelta(days=day) for day in range(7)]
    assert there == {
        number
        for number, day in enumerate(days)
        if not (starts_on is not None and day < starts_on) and not (ends_on is not None and day >= ends_on)
    }


@given(st.lists(st.tuples(DAYS, DAYS), max_size=6), st.data())
def test_a_week_has_whoever_is_there_on_any_day_of_it_and_whom_it_names(
    stays: list[tuple[date | None, date | None]], data: st.DataObject
) -> None:
    staff = [practitioner(starts_on=starts or date(2020, 1, 6), ends_on=ends) for starts, ends in stays]
    named = data.draw(st.sets(st.sampled_from([str(one.id) for one in staff]))) if staff else set()

    def is_there(one: Practitioner) -> bool:
        days = [MONDAY + timedelta(days=day) for day in range(7)]
        return any(one.starts_on <= day and (one.ends_on is None or day < one.ends_on) for day in days)

    found = in_force(setup(*staff), MONDAY, frozenset(named))

    assert list(found.practitioners) == [one for one in staff if is_there(one) or str(one.id) in named]


def test_a_setup_that_is_sent_again_as_it_was_changes_nothing() -> None:
    site = setup(practitioner(), practitioner(role="nurse"))

    before = instance(site)

    assert with_changed_setup(before, saved_again(site), frozenset()) == before


@given(st.integers(2, 20), st.integers(2, 20), st.integers(1, 20))
def test_a_changed_kind_of_group_is_never_wider_than_before_and_can_always_be_read(
    least: int, most: int, alone: int
) -> None:
    site = setup(practitioner())
    [offering] = site.offerings
    sizes = {"minimum_size": least, "maximum_size": max(least, most), "co_facilitator_above": alone, "version": 2}
    changed = SiteSetup(site.site, site.rooms, site.practitioners, [offering.model_copy(update=sizes)])

    read = instance_from_json(with_changed_setup(instance(site), changed, frozenset()))

    size = read.kinds[str(offering.id)].size
    widest = range(offering.minimum_size, offering.maximum_size + 1)
    able = {people for people in range(1, len(read.patients) + 1) if size.minimum <= people <= size.maximum}
    assert able <= set(widest)
    assert size.co_facilitator_above <= offering.co_facilitator_above


def test_nobody_can_hold_a_kind_of_group_that_has_ended() -> None:
    site = setup(practitioner())
    [offering] = site.offerings
    ended = SiteSetup(site.site, site.rooms, site.practitioners, [offering.model_copy(update={"ends_on": MONDAY})])

    read = instance_from_json(with_changed_setup(instance(site), ended, ended_by(ended, MONDAY)))

    assert read.kinds[str(offering.id)].size.minimum > len(read.patients)


def test_a_site_is_never_open_where_no_window_of_it_is() -> None:
    site = setup().site
    week_of_it = [SlotInterval(day, 0, SLOTS_A_DAY) for day in range(7)]

    assert without(week_of_it, never_open(site)) == window_slots(site.open)
