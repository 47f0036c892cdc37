"""The worker: takes queued solves, runs the solver in a process of its own, and stores what it found."""
