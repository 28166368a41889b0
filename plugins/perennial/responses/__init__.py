"""What recipients did comes back: provider events from the durable log in, responses in the lake out."""
