"""Patients: who is in treatment where. Their names and birth dates are sealed, each with a key of the person's own."""
