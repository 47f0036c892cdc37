"""Passkeys: keys in a person's devices that sign them in, and count as two factors (W3C Web Authentication)."""
