"""Timetables: the published versions of a site's week."""
