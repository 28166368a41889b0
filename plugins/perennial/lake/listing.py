"""A table as of a snapshot in, what its log says of its files out."""

import polars as pl
from deltalake import DeltaTable

LISTED = {"path": pl.String(), "size": pl.Int64(), "rows": pl.Int64(), "key": pl.String()}


def listed(opened: DeltaTable, partition: str | None) -> pl.DataFrame:
    """Path, size (bytes), rows and `key` of each file, as `LISTED`, in the order in which they came.

    `key` is the partition's value as text, null where it is none; "" in a table without partitions.
    """
    actions = pl.DataFrame(opened.get_add_actions(flatten=True))
    if actions.is_empty():
        return pl.DataFrame(schema=LISTED)
    key = pl.col(f"partition.{partition}").cast(pl.String) if partition else pl.lit("")
    files = actions.sort("modification_time", "path")
    return files.select("path", size="size_bytes", rows="num_records", key=key)
