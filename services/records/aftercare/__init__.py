"""Aftercare: what is agreed for the time after discharge, when contact is sought, and what became of it."""
