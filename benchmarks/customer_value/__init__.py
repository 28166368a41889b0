"""The question of `benchmarks/deciles.py`: its events, and how each engine answers it."""
