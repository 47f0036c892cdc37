"""A compiled search over whole weeks: small moves, hundreds of thousands a second (simulated annealing)."""
