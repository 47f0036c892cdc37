"""Proposals: timetables that nobody has agreed to yet, and their publication."""
