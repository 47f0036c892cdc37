"""Intake doors: where somebody without an account asks a programme to contact them, by explicit choice."""
