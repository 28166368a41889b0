"""The question in DataFusion, by the SQL that one would write."""

from pathlib import Path

from datafusion import RuntimeEnvBuilder, SessionConfig, SessionContext

from .duck import wide


def natural(events: Path, out: Path) -> None:
    """Wide: conditional sums, and `ntile` over each of them."""
    options = {
        "datafusion.execution.parquet.compression": "lz4_raw",
        "datafusion.execution.listing_table_ignore_subdirectory": "false",
    }
    config = SessionConfig(options).with_target_partitions(2)
    context = SessionContext(config, RuntimeEnvBuilder())
    context.register_parquet("events", f"{events}/", file_extension=".parquet")
    context.sql(f"COPY ({wide('events', 'TIMESTAMP')}) TO '{out}/' STORED AS PARQUET").collect()
