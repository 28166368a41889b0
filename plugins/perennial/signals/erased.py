"""Fingerprints of people who were erased in; which rows are theirs, and must not come in again, out.

A fingerprint is the SHA-256 of an identity's value, written in its one way. It names nobody by itself, but
who knows a value, or can try all of a short one, can tell whether it is the one that was meant.
"""

import polars as pl
import polars_hash as plh

from perennial.phones import e164
from perennial.signals.dataset import Dataset

EMAIL = "email"
"""The namespace whose values are the same in any case."""
PHONE = "phone"
"""Any namespace of numbers: they are hashed in E.164."""
TIMES = ("event_time", "held_at")
"""The column that says of when a row is: an event's, a record's."""


def normalised(values: pl.Series, namespace: str) -> pl.Series:
    """The one way in which values of a namespace are written, as `perennial.identity` has it."""
    trimmed = values.cast(pl.String).str.strip_chars()
    return trimmed.str.to_lowercase() if namespace == EMAIL else trimmed


def phone_prints(values: pl.Series, region: str) -> pl.Series:
    """SHA-256 of each phone number in E.164; null for what is none. Without a code, it is of the region."""
    numbers = {
        text: e164(text.strip(), region or None) for text in values.cast(pl.String).unique().drop_nulls()
    }
    texts = values.cast(pl.String).replace_strict(numbers, default=None, return_dtype=pl.String)
    return fingerprints(texts, PHONE)


def fingerprints(values: pl.Series, namespace: str) -> pl.Series:
    """SHA-256 of each value, as 64 lower-case hexadecimal digits; null stays null."""
    frame = normalised(values, namespace).alias("value").to_frame()
    return frame.select(plh.col("value").chash.sha2_256()).to_series()


def fingerprint(value: str, namespace: str) -> str:
    """SHA-256 of one value."""
    return str(fingerprints(pl.Series([value]), namespace)[0])


def without_erased(
    rows: pl.DataFrame, dataset: Dataset, erased: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows to keep, and rows of people who were erased after the time of which the rows are.

    `erased` is as `perennial.lake.erasure.erased` has it. Rows that do
    not say of when they are count as older. Distinct identities are hashed, and none if nobody was erased.
    """
    if erased.is_empty() or rows.is_empty():
        return rows, rows.clear()
    gone = pl.lit(False)
    time = next((name for name in TIMES if name in rows.columns), None)
    for identity in dataset.identities:
        theirs = _erased_values(rows[identity.column].unique(), identity.namespace, erased)
        if theirs.is_empty():
            continue
        at = pl.col(identity.column).replace_strict(
            theirs["value"], theirs["erased_at"], default=None, return_dtype=pl.Datetime("us", "UTC")
        )
        gone |= at.is_not_null() if time is None else (pl.col(time) <= at).fill_null(at.is_not_null())
    marked = rows.with_columns(__gone=gone)
    return marked.filter(~pl.col("__gone")).drop("__gone"), marked.filter("__gone").drop("__gone")


def _erased_values(values: pl.Series, namespace: str, erased: pl.DataFrame) -> pl.DataFrame:
    """(value, erased_at) of those values that belong to somebody who was erased."""
    theirs = erased.filter(namespace=namespace)
    known = theirs.group_by("value_sha256").agg(pl.col("erased_at").max())
    if known.is_empty():
        return pl.DataFrame(schema={"value": values.dtype, "erased_at": pl.Datetime("us", "UTC")})
    prints = [fingerprints(values, namespace)]
    prints += [phone_prints(values, region) for region in theirs["phone_region"].drop_nulls().unique().sort()]
    hashed = pl.concat(pl.DataFrame({"value": values, "value_sha256": each}) for each in prints)
    hit = hashed.join(known, on="value_sha256")
    return hit.group_by("value", maintain_order=True).agg(pl.col("erased_at").max())
