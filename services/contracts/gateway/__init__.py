"""Schemas of the gateway service's API."""
