"""Notice preferences: how a patient has agreed to be written to, and when not to; the address is sealed."""
