"""Consents and all that decides whether they hold: elements, signatures, authority, minors, restrictions, revocation.

Every change is a new version, and none is overwritten: what was relied upon can be shown for as long as it is kept.
"""
