"""The organizations of an installation: the tenants that everything else belongs to."""
