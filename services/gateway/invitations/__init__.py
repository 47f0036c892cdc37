"""Invitations: who is asked to work in an organization chooses the password, and nobody else ever knows it."""
