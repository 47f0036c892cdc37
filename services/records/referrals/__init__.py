"""Referrals: who asked for treatment, how they may be reached, how long they wait, and how they are admitted."""
