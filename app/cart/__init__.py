"""The cart: lines, and at most one discount code."""
