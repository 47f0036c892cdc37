"""The notice of privacy practices (42 CFR 2.22, 45 CFR 164.520): its versions, and who was given which."""
