"""Licences: where a practitioner may treat, and on which days."""

from datetime import date
from typing import Self

from pydantic import Field, model_validator

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import LicenceId, PractitionerId
from services.contracts.vocabulary import Jurisdiction


class LicenceRequest(RequestModel):
    """A licence to treat people who are in a jurisdiction; both days count."""

    jurisdiction: Jurisdiction
    valid_from: date
    valid_until: date | None = Field(default=None, description="The last day; null while no end is known.")

    @model_validator(mode="after")
    def _has_a_day(self) -> Self:
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise ValueError("valid_until must not come before valid_from")
        return self


class LicenceEndRequest(RequestModel):
    """Ends a licence, or renews it, with another last day."""

    valid_until: date | None = Field(description="The last day; null while no end is known.")


class Licence(ResourceModel):
    """A practitioner's licence in one jurisdiction."""

    id: LicenceId
    practitioner_id: PractitionerId
    jurisdiction: str
    valid_from: date
    valid_until: date | None
