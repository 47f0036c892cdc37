"""Fairness over a rolling window of weeks."""
