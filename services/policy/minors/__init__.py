"""What states say of minors who are treated: as data, and each figure adopted before it counts."""
