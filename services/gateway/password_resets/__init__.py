"""A new password by a link that was sent: once, for a short time, and without telling who has an account."""
