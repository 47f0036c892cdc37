"""Licences of practitioners."""
