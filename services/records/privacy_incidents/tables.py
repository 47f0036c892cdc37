"""The rows of incidents: nothing of them is ever changed, what is done is added."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base

_INCIDENT = ["privacy_incidents.organization_id", "privacy_incidents.id"]


class PrivacyIncidentRow(Base):
    """An incident as it was first told, sealed with the organization's key."""

    __tablename__ = "privacy_incidents"
    __table_args__ = (Index(None, "organization_id", "discovered_on"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    discovered_on: Mapped[date]
    details: Mapped[bytes]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]


class PrivacyIncidentActRow(Base):
    """One thing that was done about an incident; the number makes two who act at once meet."""

    __tablename__ = "privacy_incident_acts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "incident_id"], _INCIDENT, name="privacy_incident_acts_incident_fkey"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint(
            "kind in ('assessed', 'decided', 'delayed', 'patients_added', 'patients_notified', 'authority_notified',"
            " 'closed')",
            name="kind",
        ),
        Index(
            "privacy_incident_acts_closed_key",
            "organization_id",
            "incident_id",
            unique=True,
            postgresql_where="kind = 'closed'",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    details: Mapped[bytes]
    done_by: Mapped[UUID]
    done_at: Mapped[datetime]


class AffectedPatientRow(Base):
    """A patient who is affected."""

    __tablename__ = "affected_patients"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "incident_id"], _INCIDENT, name="affected_patients_incident_fkey"),
        ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="affected_patients_patient_fkey",
        ),
        CheckConstraint("resident_of ~ '^[A-Z]{2}$'", name="resident_of"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    resident_of: Mapped[str]
    added_by: Mapped[UUID]
    added_at: Mapped[datetime]


class BreachNoticeRow(Base):
    """That an affected patient was told."""

    __tablename__ = "breach_notices"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "incident_id", "patient_id"],
            ["affected_patients.organization_id", "affected_patients.incident_id", "affected_patients.patient_id"],
            name="breach_notices_affected_fkey",
        ),
        Index(None, "organization_id", "incident_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    incident_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    method: Mapped[str]
    sent_on: Mapped[date]
    document_sha256: Mapped[str]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
