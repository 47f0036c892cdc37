"""Discharge summaries: written and signed when an episode has ended, amended and never overwritten."""
