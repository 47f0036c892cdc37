"""Who may see what, tried cell by cell and judged by a table that was written from the regulation."""
