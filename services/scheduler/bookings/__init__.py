"""Bookings: one patient at a time into, or out of, a seat of a published session."""
