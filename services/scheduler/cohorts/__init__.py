"""People who begin together, and are to go on together."""
