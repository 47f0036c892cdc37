"""What the front desk asks while somebody waits: place one patient, explain, advise; the rest of the week stands still.

Everything here is exact for the question asked, and fast because the question is small: one patient against a frozen
week is a dynamic program over days, with no search.
"""
