"""Braze: attributes of users; an audience is a value of one of them."""
