"""In which order a front desk would suggest exchanges, and what it would say for each. Pure."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from services.contracts.scheduler.swaps import SwapPartner, SwapReason
from services.scheduler.bookings.facts import Partner, SessionFacts


def ranked(partners: Iterable[Partner]) -> list[Partner]:
    """Return the exchanges, the best first.

    One that changes no patient's minutes comes before one that does, a free seat before asking somebody else to move,
    fewer trips to the site before more, a known face before a new one, and a time nearby before one far off.
    """
    return sorted(partners, key=_order)


def _order(partner: Partner) -> tuple[object, ...]:
    here, there = partner.leaving, partner.facts
    return (
        abs(_minutes(there) - _minutes(here)),
        partner.patient_id is not None,
        partner.further_trips,
        not _has_a_known_face(partner),
        abs(there.start - here.start),
        partner.appointment_id,
        str(partner.patient_id),
    )


def _has_a_known_face(partner: Partner) -> bool:
    before, after = partner.leads
    return before is not None and before == after


def _minutes(session: SessionFacts) -> int:
    return (session.end - session.start) // timedelta(minutes=1)


def told(partner: Partner) -> SwapPartner:
    """Return an exchange as the front desk is told of it: the session, who sits there, and what speaks for it."""
    facts = partner.facts
    return SwapPartner(
        appointment_id=partner.appointment_id,
        patient_id=partner.patient_id,
        modality=facts.modality,
        start=facts.start.astimezone(facts.zone),
        end=facts.end.astimezone(facts.zone),
        practitioner_id=partner.leads[1],
        reasons=[SwapReason(code=code, sentence=sentence) for code, sentence in _reasons(partner)],
    )


def _reasons(partner: Partner) -> Iterator[tuple[str, str]]:
    here, there = partner.leaving, partner.facts
    longer = _minutes(there) - _minutes(here)
    facts = (
        (partner.patient_id is None, "free-seat", "the seat is free: nobody else has to move"),
        (longer == 0, "same-length", "both sessions last equally long"),
        (longer != 0, "other-length", f"it lasts {abs(longer)} minutes {'longer' if longer > 0 else 'less'}"),
        (_has_a_known_face(partner), "same-practitioner", "the same practitioner leads both"),
        (partner.further_trips <= 0, "no-further-trip", "it takes no further trip to the site"),
        (partner.further_trips > 0, "further-trips", f"further trips to the site it takes: {partner.further_trips}"),
        (_day(there) == _day(here), "same-day", "it is on the same day"),
        (there.modality is here.modality, "same-modality", "both are on site, or both by telehealth"),
    )
    yield from ((code, sentence) for holds, code, sentence in facts if holds)


def _day(session: SessionFacts) -> object:
    return session.start.astimezone(session.zone).date()
