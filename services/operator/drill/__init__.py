"""`eventide drill NAME`: a guarantee, tried hard, counted and judged; the exit status is 1 where it was violated."""
