"""A shop of any size: its documents, its files, and its days through all stages."""
