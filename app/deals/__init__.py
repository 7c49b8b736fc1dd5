"""Spend-threshold campaigns: spend enough while they run, and claim what they give."""
