"""Notices: what patients are told of their appointments, in an outbox; no word of them names the treatment."""
