"""The gateway's own audit trail: who signed in, what was granted and taken away, and by whom."""
