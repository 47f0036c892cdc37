"""Commitments: the times a patient is already taken, and where that was read."""
