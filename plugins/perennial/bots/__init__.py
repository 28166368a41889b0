"""Bots: what visitors do within minutes, what tells machines from people, and who is left out for it."""
