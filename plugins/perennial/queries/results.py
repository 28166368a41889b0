"""Rows of either engine in; pieces of a table in memory, and the bytes that are kept or downloaded, out."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from perennial.queries.errors import QueryError
from perennial.queries.limits import Limits

Output = Literal["rows", "csv", "parquet"]
Kind = Literal["quantitative", "temporal", "nominal"]
_FORMULA = r"^ *[=+\-@\t\r]"


@dataclass(frozen=True)
class Column:
    """One column of a result."""

    name: str
    type: str
    """As the engine calls it."""
    kind: Kind
    """What a chart can make of it."""


def kind_of(type_: str) -> Kind:
    """What a chart can make of a column of a type, in either dialect."""
    name = type_.lower()
    if name.endswith("]") or name.startswith(("struct", "map")):
        return "nominal"
    if name.startswith(("date", "timestamp")):
        return "temporal"
    numeric = ("int", "decimal", "numeric", "double", "float", "real", "hugeint", "uint", "oid")
    if name.startswith(numeric) or name.endswith("int") or name in ("bigserial", "money", "integer"):
        return "nominal" if name.startswith("interval") else "quantitative"
    return "nominal"


@dataclass(frozen=True)
class Kept:
    """A result that is shown: its rows as an Arrow stream."""

    content: bytes
    rows: int
    truncated: bool


def keep(pieces: Iterator[pl.DataFrame], limits: Limits) -> Kept:
    """Read rows up to the limit. Raises `QueryError` where they take more room than can be shown."""
    found: list[pl.DataFrame] = []
    height, most = 0, limits.rows
    for piece in pieces:
        found.append(piece)
        height += piece.height
        if sum(each.estimated_size() for each in found) > limits.result_megabytes * 1_000_000:
            raise QueryError(
                "size",
                f"The result takes more than {limits.result_megabytes} MB, too much to show.",
                "Select fewer columns, shorten texts, add a LIMIT, or download it.",
            )
        if most is not None and height > most:
            break
    whole = pl.concat(found, how="vertical_relaxed") if found else pl.DataFrame()
    truncated = most is not None and height > most
    shown = whole.head(most) if truncated and most is not None else whole
    buffer = io.BytesIO()
    shown.write_ipc_stream(buffer, compression="zstd")
    return Kept(buffer.getvalue(), shown.height, truncated)


def csv(columns: Sequence[Column], pieces: Iterator[pl.DataFrame]) -> Iterator[bytes]:
    """Comma-separated text; what a spreadsheet would run as a formula gets a leading quote."""
    names = pl.DataFrame([[column.name] for column in columns], schema=[f"c{i}" for i in range(len(columns))])
    # A PIVOT takes the names of its columns from the data.
    yield flat(names).write_csv(include_header=False, quote_style="necessary").encode()
    for piece in pieces:
        if not piece.is_empty():
            yield flat(piece).write_csv(include_header=False, quote_style="necessary").encode()


def flat(piece: pl.DataFrame) -> pl.DataFrame:
    """Rows whose values are all plain text, numbers or truths, as a spreadsheet has them."""
    return piece.select(_flat(series) for series in piece.get_columns())


def _flat(series: pl.Series) -> pl.Series:
    dtype = series.dtype
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return series.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
    if isinstance(dtype, pl.Datetime):
        return series.dt.strftime("%Y-%m-%dT%H:%M:%S%.f")
    if isinstance(dtype, pl.Binary):
        return series.bin.encode("hex")
    if dtype.is_nested() or isinstance(dtype, pl.Map):
        import json

        texts = [None if value is None else json.dumps(plain(value), ensure_ascii=False) for value in series]
        return pl.Series(series.name, texts, dtype=pl.String)
    if isinstance(dtype, pl.Categorical | pl.Enum):
        series, dtype = series.cast(pl.String), pl.String()
    if isinstance(dtype, pl.String):
        risky = series.str.contains(_FORMULA)
        return pl.select(pl.when(risky).then("'" + series).otherwise(series).alias(series.name)).to_series()
    return series


def parquet(columns: Sequence[Column], pieces: Iterator[pl.DataFrame]) -> Iterator[bytes]:
    """A Parquet file, a group of rows at a time."""
    sink = _Sink()
    writer: pq.ParquetWriter | None = None
    for piece in pieces:
        table = piece.to_arrow(compat_level=pl.CompatLevel.oldest())
        table = table.rename_columns([column.name for column in columns])
        writer = writer or pq.ParquetWriter(pa.PythonFile(sink, "w"), table.schema, compression="zstd")
        writer.write_table(table.cast(writer.schema))
        yield sink.take()
    if writer is not None:
        writer.close()
    yield sink.take()


class _Sink(io.RawIOBase):
    """What was written since it was last taken; nothing else is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._length += len(part)
        return len(part)

    def tell(self) -> int:
        return self._length

    def take(self) -> bytes:
        found = b"".join(self._parts)
        self._parts.clear()
        return found


def plain(value: Any) -> Any:
    """A value as JSON has it; numbers that readers of JSON would round are texts."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | pl.Series):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, Decimal) and value.is_finite():
        near = float(value)
        whole = value == value.to_integral_value() and abs(value) < 1 << 53
        return int(value) if whole else near if Decimal(repr(near)) == value else str(value)
    if isinstance(value, str | bool | None) or (isinstance(value, int) and abs(value) < 1 << 53):
        return value
    return (
        value
        if isinstance(value, float)
        else value.isoformat()
        if hasattr(value, "isoformat")
        else str(value)
    )
