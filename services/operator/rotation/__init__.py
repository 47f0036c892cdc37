"""Rotation of the root key: a new generation wraps, and what older ones wrapped is wrapped again, while all runs on."""
