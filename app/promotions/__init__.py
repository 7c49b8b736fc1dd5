"""The engine: terms, rules and verdicts, codes, uses. It knows no kind of promotion by name; they register with it."""
