"""The list of leaked passwords that new ones are compared with."""
