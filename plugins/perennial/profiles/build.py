"""Events, records and value in; one profile a person out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Literal

import polars as pl

from perennial.documents import DocumentError
from perennial.identity.people import PERSON
from perennial.identity.values import EMAIL, EMAIL_SHA256, address, sha256
from perennial.value import shapes

Merge = Literal["precedence", "newest"]
SEEN = {PERSON: pl.String(), **dict.fromkeys(["first_seen", "last_seen"], pl.Datetime("us", "UTC"))}
NOTHING: Mapping[str, pl.LazyFrame] = {}
HELD_AT = "held_at"
"""The column of records that says when they were known."""


def build(
    events: Mapping[str, pl.LazyFrame],
    records: Mapping[str, pl.LazyFrame],
    value: Mapping[str, pl.LazyFrame],
    published: Sequence[pl.LazyFrame],
    as_of: date,
    merge: Merge = "precedence",
    computed: Mapping[str, pl.LazyFrame] = NOTHING,
) -> pl.LazyFrame:
    """Everyone who was seen before midnight (UTC) at the start of `as_of`, one row each, sorted by person_id.

    All rows say whose they are (`person_id`). Columns: person_id, first_seen and last_seen (UTC), the
    records' columns, merged as the policy says, `email_sha256` where there is an `email`; and of each value
    document the overall values and deciles (`spend_12m`, `spend_12m_decile`), for each of them
    and each dimension a list of (key, value) named `<dimension>.<column>`, and all of it nested in a struct
    of the document's name: see `perennial.value.shapes`. What is `published` beside them has one row a person
    and is taken as it is, and so are `computed` attributes, which have a column of their name each.
    """
    people = seen([*events.values()], datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC))
    if records:
        people = people.join(merged([*records.values()], merge), on=PERSON, how="left")
    for name, rows in value.items():
        people = _with_value(people, name, rows)
    for columns in published:
        people = people.join(columns, on=PERSON, how="left")
    for name, column in computed.items():
        if name in people.collect_schema():
            raise DocumentError(f"profiles have an attribute {name} already: name the computed one otherwise")
        people = people.join(column, on=PERSON, how="left")
    return addressed(people).sort(PERSON)


def seen(events: Sequence[pl.LazyFrame], end: datetime) -> pl.LazyFrame:
    """Who occurs in events before a moment, since when and until when."""
    found = [
        rows.filter(pl.col("event_time") < end)
        .group_by(PERSON)
        .agg(first_seen=pl.col("event_time").min(), last_seen=pl.col("event_time").max())
        for rows in events
    ]
    every = (
        pl.concat([pl.LazyFrame(schema=SEEN), *found]).filter(pl.col(PERSON).is_not_null()).group_by(PERSON)
    )
    return every.agg(pl.col("first_seen").min(), pl.col("last_seen").max())


def addressed(people: pl.LazyFrame) -> pl.LazyFrame:
    """E-mail addresses in one way of writing, and their digests beside them, where there are addresses."""
    if EMAIL not in people.collect_schema():
        return people
    people = people.with_columns(address(pl.col(EMAIL)))
    return people.with_columns(sha256(pl.col(EMAIL)).alias(EMAIL_SHA256))


def merged(records: Sequence[pl.LazyFrame], merge: Merge) -> pl.LazyFrame:
    """One row a person, with every column that some records have (the union schema).

    `records` are in the order of precedence. With `precedence` an attribute is that of the first dataset
    which knows it, of its newest record that does; with `newest`, that of the newest record of all.
    """
    ranked = [
        rows.filter(pl.col(PERSON).is_not_null()).with_columns(__rank=pl.lit(-rank))
        for rank, rows in enumerate(records)
    ]
    every = pl.concat(ranked, how="diagonal_relaxed")
    names = every.collect_schema().names()
    if HELD_AT not in names:
        every = every.with_columns(pl.lit(None, pl.Datetime("us", "UTC")).alias(HELD_AT))
    order = ["__rank", HELD_AT] if merge == "precedence" else [HELD_AT, "__rank"]
    known = [name for name in names if name not in (PERSON, HELD_AT, "__rank")]
    return (
        every.sort(order, nulls_last=False, maintain_order=True)
        .group_by(PERSON, maintain_order=True)
        .agg(pl.col(known).last(ignore_nulls=True))
    )


def _with_value(people: pl.LazyFrame, name: str, value: pl.LazyFrame) -> pl.LazyFrame:
    # Read once: what follows asks for it several times.
    read = value.collect()
    if read.is_empty():
        return people
    rows = read.lazy()
    nested = shapes.nested(rows).select(PERSON, pl.struct("deciles", "totals").alias(name))
    for frame in (shapes.flattened(rows), shapes.by_dimension(rows), nested):
        people = people.join(frame, on=PERSON, how="left")
    return people
