"""Sign-in with a password, and the access token it gives."""
