"""The public directory: programmes as public sources and they themselves tell of them, for anybody to search."""
