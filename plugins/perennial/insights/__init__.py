"""Insights: a star schema in PostgreSQL, refreshed from the lake by SQL files, atomically."""
