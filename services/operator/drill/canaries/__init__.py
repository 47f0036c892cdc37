"""Strings that nobody else writes are entered as what patients say, and then looked for everywhere in the clear."""
