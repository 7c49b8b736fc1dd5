"""From the cart to the invoice: checkout, payment, cancelling."""
