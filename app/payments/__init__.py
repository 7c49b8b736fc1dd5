"""How money reaches us: a small provider interface, for anything that can be paid."""
