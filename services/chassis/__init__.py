"""What each process needs to be a service: no domain word enters here."""
