"""The front door: decides each request on its raw bytes and carries it to the service that answers."""
