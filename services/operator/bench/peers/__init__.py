"""What the solver is measured against: other ways to fill a week, none of which shares a rule with it."""
