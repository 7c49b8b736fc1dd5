"""Offers that clients complete elsewhere, and the codes on their accounts that earn them a bonus for it."""
