"""Calendars out: feeds that a calendar program subscribes to, and that say nothing of treatment."""
