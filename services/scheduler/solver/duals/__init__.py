"""The relaxation in compiled code: everybody planned alone under prices, and prices made affordable."""
