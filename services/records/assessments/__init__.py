"""Assessments: instruments as data files, scored by one pure rule, with a safety flow nobody can skip."""
