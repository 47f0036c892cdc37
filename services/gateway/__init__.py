"""The front door: identity, tokens, policy and routing. Owns the gateway database; keeps no clinical word."""
