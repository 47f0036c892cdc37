"""Records that were sealed, of which the scheduler has still to say that it plans nothing any more: an outbox."""
