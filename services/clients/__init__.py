"""One typed HTTP client a service: speaks contracts, and turns problem documents back into errors."""
