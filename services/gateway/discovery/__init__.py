"""What clients read before they begin: the metadata of the authorization server."""
