"""The scheduler: commitments, practitioners, rooms, groups, timetables and appointments."""
