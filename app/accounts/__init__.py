"""People, their roles, their keys to the house."""
