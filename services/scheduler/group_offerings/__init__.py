"""Group offerings: which group meetings a site may hold."""
