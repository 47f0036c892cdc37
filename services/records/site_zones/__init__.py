"""By which zone the days of a site are counted: told by the scheduler, which sets sites up, and by no caller."""
