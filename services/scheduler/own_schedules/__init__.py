"""What staff see of their own work: their week, and how they wish to hear that it changes."""
