"""The worker: solves queued weeks, each in a process of its own, and reads subscribed calendars."""
