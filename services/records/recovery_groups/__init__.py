"""Peer and alumni groups, by opt-in: nobody is in one who has not said so, and treatment never depends on it."""
