"""A person changes their password: whoever else was signed in with the old one is not any more."""
