"""What the checks ask with: applications that sign, browsers that keep cookies, requests written by hand."""
