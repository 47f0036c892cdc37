"""Alerts: those who lead are told at once when a record is opened in an emergency."""
