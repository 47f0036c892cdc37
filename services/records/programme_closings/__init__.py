"""A programme that ends or is acquired: each record is transferred by consent, kept by law, or destroyed."""
