"""Reassignments: a published session with another practitioner, or in another room, by hand."""
