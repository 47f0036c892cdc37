"""Group series: the meetings that a site holds week after week, known by their kind, time and lead."""
