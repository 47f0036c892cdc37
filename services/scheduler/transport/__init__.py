"""Transport: seats on the way to a session and home."""
