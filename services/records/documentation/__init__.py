"""Documentation standards: which site is held to which deadlines, from which day on; the rules are dated data."""
