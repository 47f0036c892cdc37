"""Group openings: one meeting more in a published week, with people in it who lack it."""
