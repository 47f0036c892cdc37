"""Costs of kinds of treatment, compared with the person's own time and way; asked by anybody, nothing stored."""
