"""Keys: what seals the few things the scheduler keeps about a person beyond the book."""
