"""The weeks ahead: published, projected, and where they run short."""
