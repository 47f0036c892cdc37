"""Organizations closed and opened again: nobody is let in to one that is closed."""
