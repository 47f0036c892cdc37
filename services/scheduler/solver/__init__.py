"""The week's solver: instance in, outcome out. Pure, and the only home of OR-Tools."""
