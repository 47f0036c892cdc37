"""Scarce seats, kept until some time before their session for people who can come at few other times."""
