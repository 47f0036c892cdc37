"""Encounters: sessions delivered, as the scheduler tells of them, and the hours that a week came to."""
