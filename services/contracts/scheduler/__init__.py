"""Schemas of the scheduler service's API."""
