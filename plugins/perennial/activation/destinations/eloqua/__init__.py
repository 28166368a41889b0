"""Oracle Eloqua: contacts and shared contact lists, over the Bulk API 2.0."""
