"""Money off a cart."""
