"""Key figures of a site, each with its numerator and denominator."""
