"""An embedded PostgreSQL: found, initialised, started, provisioned, and never orphaned.

Uses only the programs of a PostgreSQL distribution. Never creates an account, never changes the
mode of a folder it did not make, never turns fsync off, never kills a server it did not start.
"""
