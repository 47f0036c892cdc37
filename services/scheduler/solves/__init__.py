"""Solves: a week is asked for, queued, run by a worker and answered."""
