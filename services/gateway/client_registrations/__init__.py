"""Applications that register themselves, where the installation and an organization let them."""
