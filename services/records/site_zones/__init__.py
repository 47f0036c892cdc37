"""By which zone the days of a site are counted, and in which state it is: told by the scheduler, and by no caller."""
