"""Make-ups: what was missed and is owed in the same week."""
