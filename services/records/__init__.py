"""The clinical record. Owns the records database: patients and what is planned and done for them."""
