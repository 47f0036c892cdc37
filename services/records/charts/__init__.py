"""The chart of a patient: what several subjects keep, read in one round trip and told of as one access."""
