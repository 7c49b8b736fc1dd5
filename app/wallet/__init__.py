"""Wallets: what clients have with us in money, and the ledger that says why."""
