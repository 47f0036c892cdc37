"""The token endpoint, revocation and introspection, and how applications prove to be themselves there."""
