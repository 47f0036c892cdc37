"""The caller, as the token says."""
