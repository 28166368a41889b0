"""Paths: sessions, first and last touches, and neighbouring events, as expressions over histories."""
