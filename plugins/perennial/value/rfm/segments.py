"""Scores in, labels out: the first rule that holds, on any engine; and what of it the profile is told."""

import narwhals as nw
import polars as pl

from perennial.value.rfm.definition import AXES, RfmDefinition, Segment


def segment(definition: RfmDefinition) -> nw.Expr:
    """The label of a row, from its columns `recency`, `frequency` and `monetary`."""
    label = nw.lit(definition.default)
    for each in reversed(definition.segments):
        label = nw.when(_holds(each)).then(nw.lit(each.label)).otherwise(label)
    return label


def published(scores: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """The columns that a profile shows, for a document of that name.

    `<name>_recency`, `<name>_frequency`, `<name>_monetary` (the scores), `<name>_score` and `<name>_segment`,
    each by `person_id`.
    """
    return scores.select("person_id", pl.col(*AXES, "score", "segment").name.prefix(f"{name}_"))


def described(definitions: dict[str, RfmDefinition]) -> pl.DataFrame:
    """The labels of all documents in their order: (definition, segment, position from 1, description)."""
    rows = []
    for name, definition in definitions.items():
        about = {each.label: each.description for each in definition.segments}
        rows += [
            (name, label, position, about.get(label, ""))
            for position, label in enumerate(definition.labels(), start=1)
        ]
    schema = {
        "definition": pl.String,
        "segment": pl.String,
        "position": pl.Int64,
        "description": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _holds(rule: Segment) -> nw.Expr:
    within = [
        (nw.col(axis) >= first) & (nw.col(axis) <= last) for axis, (first, last) in rule.bounds().items()
    ]
    return nw.all_horizontal(nw.lit(True), *within, ignore_nulls=False)
