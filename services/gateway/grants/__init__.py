"""What applications were granted, and the codes and tokens that follow from it."""
