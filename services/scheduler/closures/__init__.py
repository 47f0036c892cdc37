"""Closures: hours in which a site is closed, and what becomes of its sessions, all of them at once."""
