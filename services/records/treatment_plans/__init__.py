"""Treatment plans: what each patient's week must contain, and who may not meet; versions are never overwritten."""
