"""Events, records and value in; one profile a person, and the identities that lead to it, out."""

from datetime import UTC, date, datetime

import polars as pl

from perennial.documents import DocumentError
from perennial.identity.namespaces import EMAIL, EMAIL_SHA256, normalised, sha256
from perennial.lake.tables import Table
from perennial.profiles.definition import ProfileDefinition
from perennial.signals.dataset import Dataset
from perennial.value import shapes

PERSON = "person_id"
CARRIED = {"batch", "event_id", "event_date"}


def build(
    definition: ProfileDefinition,
    datasets: dict[str, Dataset],
    events: dict[str, pl.LazyFrame],
    records: dict[str, pl.LazyFrame],
    value: dict[str, pl.LazyFrame],
    published: list[pl.LazyFrame],
    as_of: date,
) -> pl.LazyFrame:
    """Everyone who was seen before midnight (UTC) at the start of `as_of`, one row each, sorted by person_id.

    Columns: person_id, first_seen and last_seen (UTC), the records' columns, `email_sha256` where there is an
    `email`; and of each value document the overall values and deciles (`spend_12m`, `spend_12m_decile`), for
    each of them and each dimension a list of (key, value) named `<dimension>.<column>`, and all of it nested
    in a struct of the document's name: see `perennial.value.shapes`. What is `published` beside them has one
    row a person and is taken as it is.
    """
    people = _seen(definition, datasets, events, as_of)
    for name in definition.attributes:
        known = set(people.collect_schema().names())
        dataset = datasets[name]
        own = [column for column in dataset.columns if column not in known and column not in CARRIED]
        identity = _person_column(dataset, definition)
        attributes = records[name].select(_person(identity, definition), *(c for c in own if c != identity))
        people = people.join(attributes, on=PERSON, how="left")
    for name, rows in value.items():
        people = _with_value(people, name, rows)
    for columns in published:
        people = people.join(columns, on=PERSON, how="left")
    if EMAIL in people.collect_schema():
        email = normalised(pl.col(EMAIL), EMAIL)
        people = people.with_columns(email).with_columns(sha256(pl.col(EMAIL)).alias(EMAIL_SHA256))
    return people.sort(PERSON)


def identities(profiles: pl.LazyFrame, definition: ProfileDefinition) -> pl.LazyFrame:
    """Which identity leads to whom: (namespace, value, person_id), each once."""
    found = [profiles.select(namespace=pl.lit(definition.person), value=PERSON, person_id=PERSON)]
    columns = profiles.collect_schema()
    for namespace in (EMAIL, EMAIL_SHA256):
        if namespace in columns:
            known = profiles.filter(pl.col(namespace).is_not_null())
            found.append(known.select(namespace=pl.lit(namespace), value=namespace, person_id=PERSON))
    return pl.concat(found).unique().sort("namespace", "value")


def remember(table: Table, found: pl.DataFrame) -> None:
    """Add identities to those that are known: in whichever order days are built, the table is the same."""
    known = table.scan().collect() if table.exists() else found.clear()
    every = pl.concat([known.join(found, on=["namespace", "value"], how="anti"), found])
    every = every.sort("namespace", "value")
    if not every.equals(known) or not table.exists():
        table.replace(every)


def _seen(
    definition: ProfileDefinition, datasets: dict[str, Dataset], events: dict[str, pl.LazyFrame], as_of: date
) -> pl.LazyFrame:
    end = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)
    seen = [
        events[name]
        .filter(pl.col("event_time") < end)
        .group_by(_person(_person_column(datasets[name], definition), definition))
        .agg(first_seen=pl.col("event_time").min(), last_seen=pl.col("event_time").max())
        for name in definition.events
    ]
    return pl.concat(seen).group_by(PERSON).agg(pl.col("first_seen").min(), pl.col("last_seen").max())


def _person_column(dataset: Dataset, definition: ProfileDefinition) -> str:
    found = next((i.column for i in dataset.identities if i.namespace == definition.person), None)
    if found is None:
        raise DocumentError(
            f"profile {definition.name}: dataset {dataset.name} has no identity in the namespace "
            f"{definition.person}; it has {[i.namespace for i in dataset.identities]}"
        )
    return found


def _person(column: str, definition: ProfileDefinition) -> pl.Expr:
    return normalised(pl.col(column), definition.person).alias(PERSON)


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
