"""Appointments: the book, in which nobody and no room is booked twice."""
