"""The codes of charges, read from their file."""

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from services.contracts.records.claims import BillingMethod, ChargeCode, ChargeCodes

_FILE: Final = Path(__file__).with_name("codes.toml")


@cache
def charge_codes() -> ChargeCodes:
    """Return every code; an unreadable file is an error at the first use."""
    written = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    # The file leaves out what a code does not ask for.
    written["codes"] = [dict.fromkeys(ChargeCode.model_fields) | code for code in written["codes"]]
    return ChargeCodes.model_validate(written)


def codes_of(method: BillingMethod, on: date) -> Sequence[ChargeCode]:
    """Return the codes of a method that are in force on a day."""
    return [
        code
        for code in charge_codes().codes
        if code.method is method and code.effective_from <= on and (code.effective_until or on) >= on
    ]


def is_known(code: str) -> bool:
    """Whether any line can be made of a code."""
    return any(code == one.code for one in charge_codes().codes)
