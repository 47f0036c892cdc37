"""How sites were, are and will be set up: what counts from which week on."""
