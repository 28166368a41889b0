"""Parquet files in, rows with the types that they have there out."""

from collections.abc import Iterator

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from polars.exceptions import PanicException, PolarsError

from perennial.object_stores import Storage
from perennial.signals.dataset import Dataset
from perennial.signals.reading import layout
from perennial.signals.reading.base import (
    BROKEN,
    FILE,
    LINE,
    REASONS,
    Chunk,
    FileUnreadable,
    SchemaMismatch,
)
from perennial.signals.reading.sources import is_remote, open_file


def read(file: str, dataset: Dataset, rows: int, storage: Storage | None) -> Iterator[Chunk]:
    """The rows of a file, at most so many at once; raises `FileUnreadable` and `SchemaMismatch`.

    Fields that the dataset does not use are not read.
    """
    _check_size(file, dataset, storage)
    options = {name.lower(): value for name, value in (storage or {}).items()} if is_remote(file) else None
    try:
        scan = pl.scan_parquet(
            file,
            storage_options=options,
            credential_provider=None if options else "auto",
            row_index_name=LINE,
            row_index_offset=1,
        )
        columns = scan.collect_schema()
        present = pl.Schema({name: dtype for name, dtype in columns.items() if name != LINE})
        layout.check(file, dataset, layout.paths(present))
        wanted = layout.tree(dataset)
        _refuse_bytes_within(file, {name: dtype for name, dtype in present.items() if name in wanted})
        scan = scan.select(
            LINE, *(name for name in present if name in wanted), pl.lit(file, pl.String).alias(FILE)
        ).with_columns(pl.col(LINE).cast(pl.Int64))
        for batch in scan.collect_batches(chunk_size=rows, maintain_order=True):
            yield Chunk(_bytes_as_text(batch), BROKEN.to_frame())
    except (PolarsError, PanicException, OSError) as error:
        raise _unreadable(file, error) from None


def _check_size(file: str, dataset: Dataset, storage: Storage | None) -> None:
    try:
        with open_file(file, storage) as raw, pa.PythonFile(raw, mode="r") as source:
            metadata = pq.read_metadata(source)
            size = sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(file, error) from None
    if size > dataset.limits.file_bytes:
        raise FileUnreadable(
            f"{file}: holds {size} bytes once it is decompressed, more than {dataset.limits.file_bytes}; "
            "deliver it in parts, or raise `limits.file_bytes` in the dataset's document"
        )


def _refuse_bytes_within(file: str, columns: dict[str, pl.DataType]) -> None:
    within = [name for name, dtype in columns.items() if dtype.is_nested() and "Binary" in str(dtype)]
    if within:
        raise SchemaMismatch(f"{file}: has bytes that are no text within {', '.join(within)}")


def _bytes_as_text(batch: pl.DataFrame) -> pl.DataFrame:
    """Text that is marked as bytes, as some programs write it; a row with bytes that are none is bad."""
    reasons: list[list[str]] | None = None
    for name in (name for name, dtype in batch.schema.items() if dtype == pl.Binary):
        try:
            batch = batch.with_columns(pl.col(name).cast(pl.String))
        except PolarsError:
            reasons = reasons or [[] for _ in range(batch.height)]
            texts = []
            for value, row in zip(batch[name], reasons, strict=True):
                texts.append(None if value is None else value.decode("utf-8", errors="backslashreplace"))
                if value is not None and not _is_text(value):
                    row.append(f"{name}: bytes that are no text")
            batch = batch.with_columns(pl.Series(name, texts, dtype=pl.String))
    return batch if reasons is None else batch.with_columns(pl.Series(REASONS, reasons))


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _unreadable(file: str, error: BaseException) -> FileUnreadable:
    reason = str(error).strip().partition("\n")[0][:200]
    return FileUnreadable(f"{file}: is no Parquet file, or a damaged one: {reason}")
