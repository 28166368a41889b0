"""Identities: the names by which a person is known, each in a namespace that says how to compare them."""
