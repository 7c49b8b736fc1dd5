"""Who changed what, when; written with the change, never altered."""
