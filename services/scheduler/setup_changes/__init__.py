"""Changes of a site's setup, and the published sessions that no longer fit it."""
