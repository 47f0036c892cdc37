"""The public placement helper: published questions and rules, safety first, nothing stored."""
