"""The directory of those outside of the programme; that a name is in it says whom a patient knows, so it is sealed."""
