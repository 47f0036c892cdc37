"""Incidents and breaches (42 CFR 2.16(b), 45 CFR 164.400 to 164.414): assessed, decided, told of in time, closed."""
