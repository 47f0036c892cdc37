"""Draw programmes: random test days that nobody can foretell and anybody can verify afterwards (docs/draws.md)."""
