"""Practitioners: who treats at a site, what they may do, and when they are on shift."""
