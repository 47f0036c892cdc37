"""Supervision: whose notes need whose co-signature, for a time."""
