"""The waitlist: who waits for a seat at a site, and who is asked first."""
