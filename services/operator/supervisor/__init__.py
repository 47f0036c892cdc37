"""The process that owns PostgreSQL, the services and the solver workers, and restarts what falls.

It answers on a unix socket, one JSON object a line. Whatever ends it, SIGKILL included, ends
everything it started.
"""
