"""Swaps: seats that change hands in one moment."""
