"""How long a dose lasts, as dated data with citation and with how well each figure is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from services.contracts.records.medications import Regimen
from services.contracts.rule_packs import RuleMark


@dataclass(frozen=True, slots=True)
class Interval:
    """The days from one dose to the next."""

    days: int
    citation: str
    mark: RuleMark


INTERVALS: Final[Mapping[Regimen, Interval]] = MappingProxyType(
    {
        Regimen.BUPRENORPHINE_DAILY: Interval(1, "TIP 63, part 3: once a day", RuleMark.LIKELY),
        Regimen.BUPRENORPHINE_WEEKLY_INJECTION: Interval(7, "Label of the weekly injection", RuleMark.CERTAIN),
        Regimen.BUPRENORPHINE_MONTHLY_INJECTION: Interval(28, "Label of the monthly injection", RuleMark.LIKELY),
        Regimen.METHADONE_ELSEWHERE: Interval(1, "42 CFR 8.12: daily, with take-home doses", RuleMark.LIKELY),
        Regimen.NALTREXONE_DAILY: Interval(1, "TIP 63, part 3: once a day", RuleMark.LIKELY),
        Regimen.NALTREXONE_INJECTION: Interval(28, "Label: every four weeks", RuleMark.CERTAIN),
        Regimen.ACAMPROSATE: Interval(1, "Label: each day", RuleMark.LIKELY),
        Regimen.DISULFIRAM: Interval(1, "Label: once a day", RuleMark.LIKELY),
    }
)
"""A regimen that is not here says nothing of its next dose."""

INJECTIONS: Final = frozenset(
    {
        Regimen.BUPRENORPHINE_WEEKLY_INJECTION,
        Regimen.BUPRENORPHINE_MONTHLY_INJECTION,
        Regimen.NALTREXONE_INJECTION,
    }
)
"""What somebody of the programme has to give."""

NOT_CONDITIONAL: Final = "26 TAC 564.902: nobody is denied or discharged for a medication that is prescribed"
