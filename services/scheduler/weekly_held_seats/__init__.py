"""Seats of a kind of group, kept from week to week for people who can come at few other times."""
