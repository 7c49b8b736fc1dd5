"""A believable small business, for the first start."""
