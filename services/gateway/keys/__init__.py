"""The public halves of the signing keys."""
