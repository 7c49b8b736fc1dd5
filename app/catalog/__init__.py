"""What the store offers: categories, products, reward items."""
