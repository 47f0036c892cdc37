"""The patient's own record: whose account it is, and what a patient reads of it (42 CFR 2.23, 45 CFR 164.524)."""
