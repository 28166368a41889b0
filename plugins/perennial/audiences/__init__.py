"""Audiences: declared rules over profiles, and who is in, came in and left, day by day."""
