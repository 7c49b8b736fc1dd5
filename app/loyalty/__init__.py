"""XP and points: an append-only ledger, the totals it adds up to, and levels."""
