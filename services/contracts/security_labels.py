"""Security labels: what whoever holds a part of a record has to know to handle it, in the codes of HL7 v3."""

from pydantic import Field

from services.contracts.base import ResourceModel


class SecurityLabel(ResourceModel):
    """One label, as a FHIR Coding of `meta.security`."""

    system: str
    code: str
    display: str


class LabelledParts(ResourceModel):
    """Parts of an answer that bear the same labels."""

    parts: list[str] = Field(description="By their names in the answer.")
    security: list[SecurityLabel]
