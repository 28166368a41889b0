"""Signals: what source systems and providers send, checked, de-duplicated, and committed to the lake."""
