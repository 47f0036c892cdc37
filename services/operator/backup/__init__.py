"""Backups of an installation: its databases and its checkpoints, never its keys."""
