"""Mend a published week after something fell out, with as few people touched as there can be."""
