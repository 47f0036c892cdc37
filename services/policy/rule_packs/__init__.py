"""The figures that states, payers and programmes ask of a week: as data, and which of them counts."""
