"""Second factors: one-time codes by time (RFC 6238), and recovery codes for when the device is lost."""
