"""Tokens that must be refused, sent to every kind of route."""
