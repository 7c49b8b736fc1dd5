"""Money in and out of wallets: deposits that are paid and confirmed, withdrawals that are approved."""
