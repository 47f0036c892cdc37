"""Rule packs at work: which figures bind a site, and what a week makes of them."""
