"""Sites and their staff, commitments, solves and proposals, published weeks and the book; and the job queue."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.domain.settings import DBSettings
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint

from migrations.operations import protect, share

revision = "20261123_1200"
down_revision = None
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_TABLES = (
    "idempotency_keys",
    "sites",
    "rooms",
    "practitioners",
    "group_offerings",
    "commitment_sources",
    "commitments",
    "solves",
    "proposals",
    "timetables",
    "appointments",
    "appointment_practitioners",
    "appointment_patients",
)
_QUEUE_TABLES = ("pgqueuer", "pgqueuer_log", "pgqueuer_statistics", "pgqueuer_schedules")


def upgrade() -> None:
    _create_idempotency_keys()
    _create_sites()
    _create_commitments()
    _create_solves()
    _create_timetables()
    _create_appointments()
    for table in _TABLES:
        protect(table, "scheduler")
    _create_queue()


def downgrade() -> None:
    _run_script(QueryBuilderEnvironment(DBSettings()).build_uninstall_query())
    for table in reversed(_TABLES):
        op.drop_table(table)


def _create_queue() -> None:
    # pgqueuer writes its own schema; the application needs no more than to use it.
    _run_script(QueryBuilderEnvironment(DBSettings()).build_install_query())
    for table in _QUEUE_TABLES:
        share(table, "scheduler")
    op.execute("grant usage on all sequences in schema public to eventide_scheduler_app")


def _run_script(script: str) -> None:
    """Run several statements at once, which only the driver's own simple protocol does."""
    connection: Any = op.get_bind().connection.dbapi_connection
    connection.run_async(lambda driver: driver.execute(script))


def _create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("operation_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("content_type", sa.Text),
        sa.Column("headers", JSONB),
        sa.Column("body", sa.LargeBinary),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "account_id", "operation_id", "key", name="idempotency_keys_pkey"),
    )


def _create_sites() -> None:
    op.create_table(
        "sites",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("open", JSONB, nullable=False),
        sa.Column("offices", sa.Integer, nullable=False),
        sa.Column("family_rooms", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint("offices >= 0 and family_rooms >= 0", name="sites_places_check"),
        sa.PrimaryKeyConstraint("organization_id", "id", name="sites_pkey"),
    )
    op.create_table(
        "rooms",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint("capacity > 0", name="rooms_capacity_check"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="rooms_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="rooms_pkey"),
    )
    op.create_table(
        "practitioners",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("leads", JSONB, nullable=False),
        sa.Column("co_facilitates", sa.Boolean, nullable=False),
        sa.Column("individual", JSONB, nullable=False),
        sa.Column("languages", JSONB, nullable=False),
        sa.Column("shifts", JSONB, nullable=False),
        sa.Column("breaks", JSONB, nullable=False),
        sa.Column("max_minutes_day", sa.Integer, nullable=False),
        sa.Column("max_minutes_week", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint(
            "role in ('counsellor', 'therapist', 'prescriber', 'nurse', 'peer')", name="practitioners_role_check"
        ),
        sa.CheckConstraint("max_minutes_day > 0 and max_minutes_week > 0", name="practitioners_hours_check"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="practitioners_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="practitioners_pkey"),
    )
    op.create_table(
        "group_offerings",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("minimum_size", sa.Integer, nullable=False),
        sa.Column("maximum_size", sa.Integer, nullable=False),
        sa.Column("co_facilitator_above", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint(
            "service in ('process_group', 'skills_group', 'education_group')", name="group_offerings_service_check"
        ),
        sa.CheckConstraint("0 < minimum_size and minimum_size <= maximum_size", name="group_offerings_size_check"),
        sa.CheckConstraint("minutes > 0 and minutes % 15 = 0", name="group_offerings_minutes_check"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="group_offerings_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="group_offerings_pkey"),
    )


def _create_commitments() -> None:
    op.create_table(
        "commitment_sources",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("events_read", sa.Integer, nullable=False),
        sa.Column("busy_intervals", sa.Integer, nullable=False),
        sa.Column("warnings", JSONB, nullable=False),
        sa.Column("imported_at", _INSTANT, nullable=False),
        sa.CheckConstraint("events_read >= 0 and busy_intervals >= 0", name="commitment_sources_counts_check"),
        sa.PrimaryKeyConstraint("organization_id", "id", name="commitment_sources_pkey"),
        sa.UniqueConstraint("organization_id", "patient_id", "version", name="commitment_sources_version_key"),
    )
    op.create_table(
        "commitments",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("source_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("during", TSTZRANGE, nullable=False),
        sa.CheckConstraint(
            "not isempty(during) and not lower_inf(during) and not upper_inf(during)", name="commitments_during_check"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "source_id"],
            ["commitment_sources.organization_id", "commitment_sources.id"],
            name="commitments_organization_id_source_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="commitments_pkey"),
    )
    op.create_index(
        "commitments_during_idx", "commitments", ["organization_id", "patient_id", "during"], postgresql_using="gist"
    )
    op.create_index("commitments_source_id_idx", "commitments", ["organization_id", "source_id"])


def _create_solves() -> None:
    op.create_table(
        "solves",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("progress", JSONB),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("time_limit_seconds", sa.Double, nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("instance", JSONB, nullable=False),
        sa.Column("warnings", JSONB, nullable=False),
        sa.Column("proposal_id", sa.Uuid),
        sa.Column("problem", JSONB),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("worker_id", sa.Uuid),
        sa.Column("heartbeat_at", _INSTANT),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("finished_at", _INSTANT),
        sa.CheckConstraint("(status in ('queued', 'running')) = (finished_at is null)", name="solves_finished_check"),
        sa.CheckConstraint("outcome in ('optimal', 'feasible', 'infeasible', 'unknown')", name="solves_outcome_check"),
        sa.CheckConstraint(
            "status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="solves_status_check"
        ),
        sa.CheckConstraint("attempt >= 0", name="solves_attempt_check"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="solves_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="solves_pkey"),
    )
    op.create_index(
        "solves_one_at_a_time_key",
        "solves",
        ["organization_id", "site_id", "week"],
        unique=True,
        postgresql_where=sa.text("status in ('queued', 'running')"),
    )
    op.create_table(
        "proposals",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("solve_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("objective", sa.Double, nullable=False),
        sa.Column("bound", sa.Double),
        sa.Column("gap", sa.Double),
        sa.Column("goals", JSONB, nullable=False),
        sa.Column("fully_served", sa.Integer, nullable=False),
        sa.Column("patients", sa.Integer, nullable=False),
        sa.Column("required_minutes", sa.Integer, nullable=False),
        sa.Column("unmet", JSONB, nullable=False),
        sa.Column("checker", JSONB, nullable=False),
        sa.Column("diff", JSONB, nullable=False),
        sa.Column("sessions", JSONB, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint(
            "outcome in ('optimal', 'feasible', 'infeasible', 'unknown')", name="proposals_outcome_check"
        ),
        sa.CheckConstraint("status in ('proposed', 'published')", name="proposals_status_check"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="proposals_organization_id_site_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "solve_id"],
            ["solves.organization_id", "solves.id"],
            name="proposals_organization_id_solve_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="proposals_pkey"),
        sa.UniqueConstraint("organization_id", "solve_id", name="proposals_solve_id_key"),
    )


def _create_timetables() -> None:
    op.create_table(
        "timetables",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("proposal_id", sa.Uuid, nullable=False),
        sa.Column("objective", sa.Double, nullable=False),
        sa.Column("bound", sa.Double),
        sa.Column("gap", sa.Double),
        sa.Column("fully_served", sa.Integer, nullable=False),
        sa.Column("patients", sa.Integer, nullable=False),
        sa.Column("required_minutes", sa.Integer, nullable=False),
        sa.Column("unmet", JSONB, nullable=False),
        sa.Column("checker", JSONB, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("published_at", _INSTANT, nullable=False),
        sa.CheckConstraint("extract(isodow from week) = 1", name="timetables_week_check"),
        sa.CheckConstraint("version > 0", name="timetables_version_check"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="timetables_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="timetables_pkey"),
        sa.UniqueConstraint("organization_id", "site_id", "week", "version", name="timetables_version_key"),
    )


def _create_appointments() -> None:
    op.create_table(
        "appointments",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("timetable_version", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("modality", sa.Text, nullable=False),
        sa.Column("room_id", sa.Uuid),
        sa.Column("during", TSTZRANGE, nullable=False),
        sa.Column("track", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("taken", sa.Integer, nullable=False),
        ExcludeConstraint(
            (sa.column("organization_id"), "="),
            (sa.column("room_id"), "="),
            (sa.column("during"), "&&"),
            where=sa.text("status = 'booked'"),
            using="gist",
            name="appointments_room_id_during_excl",
        ),
        sa.CheckConstraint("modality in ('on_site', 'telehealth')", name="appointments_modality_check"),
        sa.CheckConstraint("status in ('booked', 'cancelled')", name="appointments_status_check"),
        sa.CheckConstraint("0 <= taken and taken <= capacity", name="appointments_seats_check"),
        sa.CheckConstraint(
            "not isempty(during) and not lower_inf(during) and not upper_inf(during)", name="appointments_during_check"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "room_id"],
            ["rooms.organization_id", "rooms.id"],
            name="appointments_organization_id_room_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="appointments_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="appointments_pkey"),
    )
    op.create_index("appointments_week_idx", "appointments", ["organization_id", "site_id", "week", "id"])
    op.create_table(
        "appointment_practitioners",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("practitioner_id", sa.Uuid, nullable=False),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("during", TSTZRANGE, nullable=False),
        sa.Column("booked", sa.Boolean, nullable=False),
        ExcludeConstraint(
            (sa.column("organization_id"), "="),
            (sa.column("practitioner_id"), "="),
            (sa.column("during"), "&&"),
            where=sa.text("booked"),
            using="gist",
            name="appointment_practitioners_practitioner_id_during_excl",
        ),
        sa.CheckConstraint("part in ('lead', 'co_facilitator')", name="appointment_practitioners_part_check"),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="appointment_practitioners_organization_id_appointment_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "practitioner_id"],
            ["practitioners.organization_id", "practitioners.id"],
            name="appointment_practitioners_organization_id_practitioner_id_fkey",
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "appointment_id", "practitioner_id", name="appointment_practitioners_pkey"
        ),
    )
    op.create_table(
        "appointment_patients",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("during", TSTZRANGE, nullable=False),
        sa.Column("booked", sa.Boolean, nullable=False),
        ExcludeConstraint(
            (sa.column("organization_id"), "="),
            (sa.column("patient_id"), "="),
            (sa.column("during"), "&&"),
            where=sa.text("booked"),
            using="gist",
            name="appointment_patients_patient_id_during_excl",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="appointment_patients_organization_id_appointment_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "appointment_id", "patient_id", name="appointment_patients_pkey"),
    )
