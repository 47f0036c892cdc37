"""Applications that may be granted tokens: registered by an administrator, never by themselves."""
