"""Roles given and taken away: whoever has other rights from now on signs in anew."""
