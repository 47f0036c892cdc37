"""Schemas of the records service's API."""
