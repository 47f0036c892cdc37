"""People who can sign in, where they work, and the roles they hold there."""
