"""Family: who is close to a patient, what may be said to whom, and family counselling month by month."""
