"""Benchmarks: ours against the least that could do the work, in the same run."""
