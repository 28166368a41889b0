"""Iterable: users and static lists of one project."""
