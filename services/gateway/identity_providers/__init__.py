"""Providers that an organization's people sign in with, and who of them is whom."""
