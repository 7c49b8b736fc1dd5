"""Tools that know nothing of our trade."""
