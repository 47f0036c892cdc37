"""What public health is told: counts of a year from which nobody is told, decided on as a disclosure (42 CFR 2.54)."""
