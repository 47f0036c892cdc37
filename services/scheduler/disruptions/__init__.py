"""Disruptions: what falls out of a published week, and its repair."""
