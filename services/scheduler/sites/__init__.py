"""Sites and their group rooms."""
