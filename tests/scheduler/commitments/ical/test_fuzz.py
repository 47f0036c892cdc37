"""Whatever the bytes, only a named refusal gets out."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.scheduler.commitments.ical import CalendarRefusedError, Limits, read_calendar

START, END = date(2026, 9, 1), date(2026, 12, 1)
SEED = b"""BEGIN:VCALENDAR
BEGIN:VTIMEZONE
TZID:Own
BEGIN:STANDARD
DTSTART:16010101T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1
DTSTART;TZID=Own:20260907T090000
DTEND;TZID="America/New_York":20260907T103000
RRULE:FREQ=MONTHLY;BYDAY=1MO,-1FR;BYSETPOS=1;UNTIL=20261231
EXDATE;VALUE=DATE:20261005
RDATE;VALUE=PERIOD:20260910T090000Z/PT1H,20260911T090000Z/20260911T100000Z
END:VEVENT
BEGIN:VEVENT
UID:1
RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Own:20261102T090000
DTSTART:20261103T150000Z
DURATION:P1DT2H
STATUS:TENTATIVE
END:VEVENT
BEGIN:VFREEBUSY
FREEBUSY;FBTYPE=BUSY:20260920T090000Z/PT1H
END:VFREEBUSY
BEGIN:VAVAILABILITY
DTSTART;TZID=Own:20261121T000000
DTEND:20261128T000000Z
PRIORITY:2
BUSYTYPE:BUSY-TENTATIVE
BEGIN:AVAILABLE
UID:2
DTSTART;TZID=Own:20261121T090000
DURATION:PT5H
RRULE:FREQ=DAILY
END:AVAILABLE
END:VAVAILABILITY
END:VCALENDAR
"""
MOMENTS = st.sampled_from(
    [
        *("20260907", "20260907T090000", "20260907T090000Z", "00010101", "99991231T235959Z"),
        *("00010101T000000Z", "20261101T013000", "20260308T023000", "19700101T000000", ""),
        *("20260907T090000Z/PT1H", "20260907T090000Z/20260101T000000Z", "20260230", "٢٠٢٦٠٩٠٧"),
    ]
)
PARAMETERS = st.sampled_from(
    [
        *("", ";TZID=America/New_York", ";TZID=Own", ";TZID=Nowhere", ";VALUE=DATE", ";TZID="),
        *(";RANGE=THISANDFUTURE", ";TZID=../../etc/passwd", ";TZID=/", ';X="a:b"', ";=", ";;"),
        *(";TZID=Pacific/Apia", ";TZID=Romance Standard Time", ";TZID=localtime", ";TZID=tzdata.zi"),
    ]
)
NUMBERS = st.integers(-400, 400) | st.sampled_from([0, 1, 10**9, 10**17, 10**30])
PARTS = st.one_of(
    st.sampled_from([f"FREQ={name}LY" for name in ("SECOND", "MINUTE", "HOUR", "DAI", "WEEK", "MONTH", "YEAR")]),
    st.builds(
        "{}={}".format,
        st.sampled_from(
            [
                *("INTERVAL", "COUNT", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"),
                *("BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS"),
            ]
        ),
        st.lists(NUMBERS, max_size=4).map(lambda found: ",".join(map(str, found))),
    ),
    st.builds("BYDAY={}{}".format, st.integers(-6, 54), st.sampled_from(["MO", "SU", "TU,WE"])),
    st.builds("UNTIL={}".format, MOMENTS),
    st.sampled_from(["", "WKST=SU", "WKST", "RSCALE=GREGORIAN", "SKIP=FORWARD"]),
)
LINES = st.one_of(
    st.builds(
        "{}{}:{}".format,
        st.sampled_from(["DTSTART", "DTEND", "RDATE", "EXDATE", "RECURRENCE-ID", "FREEBUSY", "UID", "TZID"]),
        PARAMETERS,
        st.lists(MOMENTS, max_size=3).map(",".join),
    ),
    st.builds("{}:{}".format, st.sampled_from(["RRULE", "EXRULE"]), st.lists(PARTS).map(";".join)),
    st.builds("RRULE:{};{}".format, PARTS, PARTS),
    st.builds("DTSTART{}:{}".format, PARAMETERS, MOMENTS),
    st.builds(
        "{}:{}".format,
        st.sampled_from(["BEGIN", "END"]),
        st.sampled_from(
            ["VEVENT", "VCALENDAR", "VTIMEZONE", "STANDARD", "VFREEBUSY", "VAVAILABILITY", "AVAILABLE", "VALARM", ""]
        ),
    ),
    st.sampled_from(["DURATION:P1D", "DURATION:PT1H", "DURATION:P999999W", "STATUS:CANCELLED"]),
    st.sampled_from(["TZOFFSETFROM:+2359", "TZOFFSETTO:-235959", "TZOFFSETTO:+0100", " folded"]),
    st.text(max_size=20),
)


def survive(document: bytes) -> bool:
    """Read a document; whatever is read must be well formed."""
    try:
        reading = read_calendar(document, zone=ZoneInfo("America/New_York"), start=START, end=END)
    except CalendarRefusedError:
        return False
    low = datetime(2026, 9, 1, 4, tzinfo=UTC)
    high = datetime(2026, 12, 1, 5, tzinfo=UTC)
    edges = [edge for busy in reading.busy for edge in (busy.start, busy.end)]
    assert edges == sorted(edges)
    assert all(busy.start < busy.end for busy in reading.busy)
    assert all(low <= edge <= high for edge in edges)
    return True


def test_the_seed_is_a_good_calendar() -> None:
    reading = read_calendar(SEED, zone=ZoneInfo("America/New_York"), start=START, end=END)

    assert reading.warnings == ()
    assert len(reading.busy) > 4


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_bytes_are_read_or_refused(document: bytes) -> None:
    survive(document)
    survive(b"BEGIN:VCALENDAR\n" + document)


@settings(max_examples=200, deadline=None)
@given(
    at=st.lists(st.tuples(st.integers(0, len(SEED) - 1), st.binary(max_size=3)), max_size=8),
    cut=st.integers(0, len(SEED)),
)
@example(at=[], cut=len(SEED))
def test_a_damaged_calendar_is_read_or_refused(at: list[tuple[int, bytes]], cut: int) -> None:
    document = SEED
    for position, replacement in at:
        document = document[:position] + replacement + document[position + len(replacement) :]

    survive(document)
    survive(document[:cut])


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=30))
def test_any_lines_in_any_order_are_read_or_refused(lines: list[str]) -> None:
    body = "\n".join(lines)

    survive(f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{body}\nEND:VEVENT".encode(errors="surrogatepass"))
    survive(f"BEGIN:VCALENDAR\n{body}".encode(errors="surrogatepass"))


@settings(max_examples=200, deadline=None)
@given(start=MOMENTS, parameter=PARAMETERS, rule=st.lists(PARTS, min_size=1, max_size=6))
def test_any_rule_is_read_or_refused_within_its_work(start: str, parameter: str, rule: list[str]) -> None:
    lines = (f"DTSTART{parameter}:{start}", "DURATION:PT1H", "RRULE:" + ";".join(rule))
    document = "\n".join(("BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT")).encode()

    try:
        reading = read_calendar(document, zone=ZoneInfo("UTC"), start=START, end=END, limits=Limits(occurrences=1_000))
    except CalendarRefusedError as refusal:
        assert refusal.code == "recurrence-bomb"  # noqa: PT017 - being read is as good
    else:
        assert reading.occurrences <= 1_001
