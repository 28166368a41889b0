"""Identity values as they were written in; comparable ones out."""

import hashlib

import polars as pl

HOUSEHOLD, EMAIL, EMAIL_SHA256 = "household", "email", "email_sha256"


def normalised(value: pl.Expr, namespace: str) -> pl.Expr:
    """The one way of writing a value: e-mail addresses are trimmed and in lower case, others are trimmed."""
    trimmed = value.cast(pl.String).str.strip_chars()
    return trimmed.str.to_lowercase() if namespace == EMAIL else trimmed


def sha256(value: pl.Expr) -> pl.Expr:
    """SHA-256 of a normalised value, as 64 lower-case hexadecimal digits; null stays null."""
    return value.map_batches(_hexdigests, return_dtype=pl.String, is_elementwise=True)


def _hexdigests(values: pl.Series) -> pl.Series:
    digests = (None if v is None else hashlib.sha256(v.encode()).hexdigest() for v in values)
    return pl.Series(values.name, digests, dtype=pl.String)
