"""A file in, its fields and the values of its first rows out, read as the ingestion reads them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from perennial.errors import TerminalError
from perennial.signals.dataset import Dataset
from perennial.signals.parsing import field
from perennial.signals.proposing.sniffing import names, sniff
from perennial.signals.reading import chunks
from perennial.signals.reading.layout import paths
from perennial.signals.reading.sources import compression, kind, open_file
from perennial.signals.reading.streams import Decompressed

BEGINNING = 1 << 20
"""Bytes in which a text file's dialect and fields are looked for."""
ROWS = 200_000
"""How many rows are looked at."""


def first_rows(file: Path) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The fields with their values, and the keys of `source` that the file needs.

    Raises `TerminalError` for a file of no known kind, and for one without rows.
    """
    form, source = kind(str(file)), dict[str, Any]()
    if form == "csv":
        beginning = _beginning(file)
        if dialect := sniff(beginning, str(file)):
            source["csv"] = dialect
        fields = names(beginning, dialect)
    elif form == "json":
        fields = list(dict.fromkeys(_fields_of_objects(_beginning(file))))
    else:
        fields = [".".join(path) for path in paths(pl.scan_parquet(file).collect_schema())]
    rows = _read(file, fields, source)
    if rows.is_empty():
        raise TerminalError(f"{file}: has no row that can be read; nothing can be said of its columns")
    return rows, source


def _read(file: Path, fields: Sequence[str], source: Mapping[str, Any]) -> pl.DataFrame:
    columns: dict[str, dict[str, Any]] = {
        f"field_{n}": {"type": "string", "source": name} for n, name in enumerate(fields)
    }
    columns["field_0"]["required"] = True
    dataset = Dataset.model_validate(
        {
            "name": file.name, "title": file.name, "kind": "record", "source": source, "key": ["field_0"],
            "columns": columns,
        }
    )  # fmt: skip
    parts, rows = list[pl.DataFrame](), 0
    for chunk in chunks([str(file)], dataset):
        found = chunk.rows.schema
        values = {name: field(tuple(name.split(".")), found)[0] for name in fields}
        parts.append(chunk.rows.select(**values))
        rows += chunk.rows.height
        if rows >= ROWS:
            break
    return pl.concat(parts).head(ROWS) if parts else pl.DataFrame()


def _beginning(file: Path) -> bytes:
    with open_file(str(file), None) as raw:
        ending = compression(str(file))
        return (
            raw.read(BEGINNING) if ending is None else _all_of(Decompressed(raw, ending, str(file), 1 << 40))
        )


def _all_of(stream: Decompressed) -> bytes:
    """A decompressed stream gives less than it is asked for."""
    found = b""
    while len(found) < BEGINNING and (piece := stream.read(BEGINNING - len(found))):
        found += piece
    return found


def _fields_of_objects(beginning: bytes) -> Iterator[str]:
    """The fields of the first objects, also those within others."""
    for line in islice(filter(bytes.strip, beginning.splitlines()), 1000):
        try:
            there = json.loads(line)
        except ValueError:
            # The last one may have been cut; one that is none is set aside when the file is read.
            continue
        if isinstance(there, dict):
            yield from _paths(there)


def _paths(there: Mapping[str, Any]) -> Iterator[str]:
    for name, value in there.items():
        if isinstance(value, dict) and value:
            yield from (f"{name}.{inner}" for inner in _paths(value))
        else:
            yield name
