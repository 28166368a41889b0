"""What data is made of: documents in; which columns of which dataset each column comes from, out."""
