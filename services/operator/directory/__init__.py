"""The public directory, entered from a locator's export."""
