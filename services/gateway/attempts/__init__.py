"""How often somebody may try a password or a code, so that guessing is hopeless and nobody is locked out by others."""
