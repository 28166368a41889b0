"""The lake: Delta tables with atomic commits, snapshots by version, and the partitions that changed in between."""
