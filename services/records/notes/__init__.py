"""Progress notes of encounters: drafted, signed, co-signed, amended; what was signed is never changed."""
