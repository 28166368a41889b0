"""The lake: Delta tables with atomic commits, snapshots by version, and what changed in between."""
