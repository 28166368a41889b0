"""Audiences in, the same people in a provider's lists out: each change once, consent first, never back.

`desired` says who should be where, `ledger` remembers what was delivered, `plan` is the difference, `send`
carries it out against a destination, and `run` puts the four in order.
"""
