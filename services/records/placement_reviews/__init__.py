"""Placement reviews: what a clinician rated, by the names of the edition in force; no rule of any edition decides."""
