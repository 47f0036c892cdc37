"""Sessions that go on by telehealth, or come back into a room."""
