"""Letters: the gateway's outbox of e-mail, which holds secrets sealed until they have left."""
