"""Profiles: one row a person, with attributes, identities, and what value computed, as of a day."""
