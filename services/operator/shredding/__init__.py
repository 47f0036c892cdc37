"""Destroying the keys of a patient, so that nothing sealed about them opens again: not in a restored backup either."""
