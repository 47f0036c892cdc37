"""What leaves the programme: decided with the row, carried with its notice, accounted in the same transaction."""
