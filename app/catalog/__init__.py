"""What the store sells, and what games give away."""
