"""Mail and notices to people."""
