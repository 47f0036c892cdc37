"""Patients: people in treatment."""

from datetime import date, datetime

from services.contracts.base import Name, RequestModel, ResourceModel
from services.contracts.identifiers import PatientId, SiteId


class PatientRequest(RequestModel):
    """A person admitted to the programme at one site."""

    given_name: Name
    family_name: Name
    birth_date: date
    site_id: SiteId


class Patient(ResourceModel):
    """A person in treatment; that this resource exists is itself protected (42 CFR 2.13(c))."""

    id: PatientId
    given_name: str
    family_name: str
    birth_date: date
    site_id: SiteId
    version: int
    created_at: datetime


class PatientPresence(ResourceModel):
    """That a patient exists at a site, and nothing else: what the scheduler may know."""

    id: PatientId
    site_id: SiteId
