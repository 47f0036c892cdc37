"""Episodes of care: admission, the levels of care within, taper weeks, discharge, and the clocks that run."""
