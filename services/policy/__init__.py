"""Who may do what, and the rules of states and payers: pure decisions on contracts, the same for every service."""
