"""Placements: one patient into a published week, everybody else staying where they are, and why not otherwise."""
