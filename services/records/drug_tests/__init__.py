"""Drug tests: a transition table from the draw to the talk with the patient, and what may be said at each step."""
