"""Providers of payment, for whatever is payable."""
