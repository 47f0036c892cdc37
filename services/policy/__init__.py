"""Who may do what: pure decisions on contracts, used by the gateway, by `/authz` and again by each service."""
