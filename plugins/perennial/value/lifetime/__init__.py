"""Predicted lifetime value: how often a customer will buy again, for how much, and what that is worth."""
