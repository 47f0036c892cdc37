"""Scopes of SMART App Launch 2.2: what an application may ask for, is granted, and may do with it."""
