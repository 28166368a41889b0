"""Queries that people write: SQL over the lake and over the store, contained, limited, and remembered."""
