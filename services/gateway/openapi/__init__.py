"""The one document of the API that frontends and their generators read, and a page that shows it."""
