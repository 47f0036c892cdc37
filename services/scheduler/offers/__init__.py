"""Offers: a free seat for several people who wait, of whom the first to accept has it."""
