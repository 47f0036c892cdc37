"""The `eventide` command: it starts, stops, measures and mends a deployment."""
