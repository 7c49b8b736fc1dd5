"""Member bonuses: deposit, cashback, free credit, referral; what is claimed, its turnover, and its release."""
