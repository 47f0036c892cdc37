"""Charges: lines from attended and signed sessions, what each lacks, and what payers pay and have authorized."""
