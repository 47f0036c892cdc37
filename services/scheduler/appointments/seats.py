"""What becomes of a session's row when seats of it are given back."""

from typing import Any

from sqlalchemy import ColumnElement, func

from services.scheduler.appointments.tables import AppointmentRow


def given_back(count: int) -> dict[str, ColumnElement[Any]]:
    """Return the values of the row with so many seats taken less; a seat that is too many is gone for good."""
    taken = AppointmentRow.taken - count
    # LEAST and GREATEST pass over what is null: without a limit the capacity stays.
    return {
        "taken": taken,
        "capacity": func.greatest(taken, func.least(AppointmentRow.capacity, AppointmentRow.seat_limit)),
    }
