"""Who was refused what, by which rule, and how it could be satisfied: read from the trail."""
