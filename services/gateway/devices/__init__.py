"""Devices without a keyboard or a browser of their own: a person lets one in from another screen (RFC 8628)."""
