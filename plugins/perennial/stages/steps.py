"""The steps that make a day: each reads what those before it left. Forms name them, and import nothing."""

STORED = ("values", "segments", "lifetime", "profiles", "audiences")
"""Those that leave their rows in the lake."""
ORDER = (*STORED, "insights")
