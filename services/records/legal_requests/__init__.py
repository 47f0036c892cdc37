"""Requests that no rule answers: they wait for a person, and for an intermediary's list for thirty days."""
