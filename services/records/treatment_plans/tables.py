"""The rows of treatment plans and of pairs that are kept apart."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Text, UniqueConstraint, Uuid, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class TreatmentPlanRow(Base):
    """One version of a patient's plan; the application may add versions and change none."""

    __tablename__ = "treatment_plans"
    __table_args__ = (
        UniqueConstraint("organization_id", "patient_id", "version"),
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("phase in ('intensive', 'taper')", name="phase"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("planned_admission <= planned_discharge", name="planned_stay"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    version: Mapped[int]
    effective_from: Mapped[date]
    phase: Mapped[str]
    required_services: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    track: Mapped[str]
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text))
    modalities: Mapped[list[str]] = mapped_column(ARRAY(Text))
    travel_minutes: Mapped[int]
    team: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    primary_practitioner_id: Mapped[UUID | None]
    family_available: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    preference_cost: Mapped[dict[str, Any]] = mapped_column(JSONB)
    planned_admission: Mapped[date | None]
    planned_discharge: Mapped[date | None]
    payer: Mapped[str | None]
    taper_weeks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    telehealth_consented_on: Mapped[date | None]
    telehealth_jurisdiction: Mapped[str | None]
    needs_transport: Mapped[bool] = mapped_column(server_default=false())
    written_by: Mapped[UUID | None]
    created_at: Mapped[datetime]


class NoContactRow(Base):
    """Two patients who may not sit in one group, the lower id first, so that a pair is one row."""

    __tablename__ = "no_contacts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "lower_patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(["organization_id", "higher_patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("lower_patient_id < higher_patient_id", name="order"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    lower_patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    higher_patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
