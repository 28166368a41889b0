"""The receiver: a small process that takes events from outside, and answers when they are on disk."""
