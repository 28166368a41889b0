"""JSON texts in, each one record; rows of text, and those that cannot be understood, out.

Polars reads what is beyond doubt; texts in which anything could get lost, such as digits of a long number, a
name that comes twice, or a field that nobody knows, are read one by one.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl
from polars.exceptions import PanicException, PolarsError

from perennial.signals.dataset import Dataset
from perennial.signals.reading import layout
from perennial.signals.reading.base import RAW, REASONS, Broken, Chunk, located
from perennial.signals.reading.objects import NotAnObject, ObjectReader

OTHERWISE = r"[:\[,]\s*-?(?:[0-9.]{16}|0[,}\]\s]|[0-9]+\.[0-9]*0[,}\]\s]|[0-9.]+[eE]|0\.000)"
"""Numbers that would be written otherwise than they came."""
NUMBER_VALUE = r'("\s*:\s*)(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(\s*[,}])'
QUOTED = '${1}"${2}"${3}'
"""What becomes of them; the same within a text would end it before a digit, which is no JSON."""
DOUBTFUL = r'\\u[dD]|\\\\"\s*:|\n|\r.'
"""Halves of surrogate pairs, names that end with a backslash, and ends of lines."""
NAME = r'[^\\]"\s*:'
NULL = r'[^\\]"\s*:\s*null\s*[,}]'
MANY = 64
"""Fewer texts than these are not worth a quick look."""
NUMBER = "_n"


class Texts:
    """Reads the JSON texts of one dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self._longest = dataset.limits.row_bytes
        self._strict = dataset.extra_columns == "refuse"
        self._fields = layout.tree(dataset)
        self._schema = layout.schema(self._fields)
        self._objects = ObjectReader(self._fields, dataset.name, self._strict)

    def chunk(self, texts: Sequence[bytes], file: str, lines: Sequence[int]) -> Chunk:
        """What these texts hold; `lines` says where each of them stands."""
        broken = Broken(file)
        quick, slow = self._quickly(texts) if len(texts) >= MANY else (None, range(len(texts)))
        rows = self._slowly(texts, slow, lines, broken)
        if quick is not None:
            rows = pl.concat([quick, rows]).sort(NUMBER) if rows.height else quick
        numbers = pl.Series(lines, dtype=pl.Int64).gather(rows[NUMBER])
        return Chunk(located(rows.drop(NUMBER), file, numbers), broken.frame())

    def _quickly(self, texts: Sequence[bytes]) -> tuple[pl.DataFrame | None, Sequence[int]]:
        """The rows of those texts that leave no doubt, and the numbers of the others."""
        raw = pl.Series(RAW, texts, dtype=pl.Binary).cast(pl.String, strict=False)
        given = raw.to_frame().with_row_index(NUMBER).cast({NUMBER: pl.Int64})
        sure = given.filter(
            pl.col(RAW).is_not_null()
            & (pl.col(RAW).str.len_bytes() <= self._longest)
            & ~pl.col(RAW).str.contains(DOUBTFUL)
        )
        if sure.is_empty():
            return None, range(len(texts))
        everything = sure.height == len(texts)
        if sure[RAW].str.contains(OTHERWISE).any():
            joined = sure[RAW].str.replace_all(NUMBER_VALUE, QUOTED).str.join("\n").item().encode()
        else:
            joined = b"\n".join(texts if everything else [texts[n] for n in sure[NUMBER]])
        try:
            read = pl.read_ndjson(joined, schema=self._schema)
        except (PolarsError, PanicException):
            return self._without_the_broken(texts, sure)
        if read.height != sure.height:
            return None, range(len(texts))
        rows = (
            pl.concat([read, sure], how="horizontal")
            .filter(self._plain())
            .with_columns(pl.lit([], pl.List(pl.String)).alias(REASONS))
        )
        if rows.height == len(texts):
            return rows, ()
        known = set(rows[NUMBER])
        return rows, [n for n in range(len(texts)) if n not in known]

    def _without_the_broken(
        self, texts: Sequence[bytes], sure: pl.DataFrame
    ) -> tuple[pl.DataFrame | None, Sequence[int]]:
        """The same for those texts that are objects at all; the others are why nothing could be read."""
        good = [n for n in sure[NUMBER] if self._objects.is_one(texts[n])]
        if len(good) == sure.height or len(good) < MANY:
            return None, range(len(texts))
        rows, _ = self._quickly([texts[n] for n in good])
        if rows is None:
            return None, range(len(texts))
        rows = rows.with_columns(pl.Series(NUMBER, good, dtype=pl.Int64).gather(rows[NUMBER]))
        known = set(rows[NUMBER])
        return rows, [n for n in range(len(texts)) if n not in known]

    def _plain(self) -> pl.Expr:
        """Whether a row has nothing but values of fields that are used."""
        values = [expression for expression, is_object in _all(self._schema) if not is_object]
        nested = pl.any_horizontal([value.str.contains(r"^[\[{]") for value in values]).fill_null(False)
        if not self._strict:
            return ~nested
        there = pl.sum_horizontal([found.is_not_null() for found, _ in _all(self._schema)])
        names = pl.col(RAW).str.count_matches(NAME)
        return ~nested & (there + pl.col(RAW).str.count_matches(NULL) == names)

    def _slowly(
        self, texts: Sequence[bytes], which: Sequence[int], lines: Sequence[int], broken: Broken
    ) -> pl.DataFrame:
        columns: dict[str, list[Any]] = {name: [] for name in (*self._schema, NUMBER, RAW, REASONS)}
        for n in which:
            text = texts[n]
            if len(text) > self._longest:
                broken.add_long(lines[n], text, len(text), self._longest)
                continue
            try:
                values, reasons = self._objects.read(text)
            except NotAnObject as error:
                broken.add(lines[n], text, str(error))
                continue
            for name, value in values.items():
                columns[name].append(value)
            columns[NUMBER].append(n)
            columns[RAW].append(text.decode("utf-8"))
            columns[REASONS].append(reasons)
        schema = {**self._schema, NUMBER: pl.Int64(), RAW: pl.String(), REASONS: pl.List(pl.String())}
        return pl.DataFrame(columns, schema=schema)


def _all(schema: pl.Schema, above: pl.Expr | None = None) -> list[tuple[pl.Expr, bool]]:
    """Every field of a schema, and whether it is an object."""
    found: list[tuple[pl.Expr, bool]] = []
    for name, dtype in schema.items():
        field = pl.col(name) if above is None else above.struct.field(name)
        found.append((field, isinstance(dtype, pl.Struct)))
        if isinstance(dtype, pl.Struct):
            found += _all(pl.Schema(dtype), field)
    return found
