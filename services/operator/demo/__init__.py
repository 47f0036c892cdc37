"""The demo: a synthetic clinic, real or generated calendars, and a published week, all through the API."""
