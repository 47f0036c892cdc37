"""Where a device asks to be let in, and the page where a person does it."""
