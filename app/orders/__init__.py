"""Checkout and invoices."""
