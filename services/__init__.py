"""Eventide's code: three services, what they share, and the operator's command."""
