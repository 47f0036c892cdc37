"""Medication: the list, what is due, and how far it is taken; taking part never depends on stopping any of it."""
