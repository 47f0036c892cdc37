"""What travels between processes: schemas, identifiers and problems; the standard library and Pydantic only."""
