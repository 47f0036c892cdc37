"""Proofs of possession: tokens that are of no use to whoever steals them (DPoP, RFC 9449)."""
