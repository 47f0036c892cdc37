"""Signing in with an organization's identity provider, and linking one's account with it."""
