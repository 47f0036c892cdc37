"""The census: groups and demand, now and in the weeks to come."""
