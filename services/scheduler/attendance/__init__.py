"""Attendance: who came to a session, and what became of a patient's week."""
