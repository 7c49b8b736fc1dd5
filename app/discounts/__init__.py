"""Money off a cart, by a code."""
