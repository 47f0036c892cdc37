"""By what authority somebody signs in a patient's place, as far as their signature depends on it."""

from datetime import datetime
from typing import NamedTuple

from services.contracts.identifiers import RepresentativeId
from services.contracts.records.consents import RepresentativeKind


class Authority(NamedTuple):
    """Whose authority it is, and from when until when it holds; None where no end is known."""

    id: RepresentativeId
    kind: RepresentativeKind
    authority_from: datetime
    authority_until: datetime | None
