"""Identity values as they were written in; comparable ones out, or null for what names nobody."""

from collections.abc import Callable

import polars as pl
import polars_hash  # noqa: F401 - registers the digests

from perennial.identity.namespace import Namespace
from perennial.phones import e164

EMAIL, EMAIL_SHA256 = "email", "email_sha256"
"""The namespaces in which providers know people."""
LONGEST = 1024
"""Characters of a value."""
NOBODY = [
    "",
    "-",
    "anonymous",
    "invalid",
    "n/a",
    "nan",
    "none",
    "not_provided",
    "null",
    "undefined",
    "unknown",
]
"""Values that systems write where they know none, in lower case."""
DIGEST = r"^[0-9a-f]{64}$"


def comparable(value: pl.Expr, namespace: Namespace) -> pl.Expr:
    """The one way of writing a value of a namespace; null if it is no name of anybody.

    Values are trimmed. E-mail addresses and digests are in lower case, phone numbers in E.164
    (`+14155550100`). What systems write where they know nobody, what is longer than 1,024 characters, is no
    valid phone number, or does not match the namespace's pattern, is null.
    """
    text = written(value, namespace)
    if namespace.sha256_of is not None:
        text = _matching(text, DIGEST)
    if namespace.pattern is not None:
        text = _matching(text, namespace.pattern)
    named = ~text.str.to_lowercase().is_in(NOBODY) & (text.str.len_chars() <= LONGEST)
    return pl.when(named).then(text)


def is_one_of(value: pl.Expr, namespace: Namespace, names: pl.Series) -> pl.Expr:
    """Whether a value names one of these, which are comparable: without asking whether it names anybody."""
    return written(value, namespace).is_in(names.implode())


def written(value: pl.Expr, namespace: Namespace) -> pl.Expr:
    """The one way of writing a value, be it anybody's name or not."""
    if namespace.sha256_of is not None or namespace.type == "email":
        return address(value)
    trimmed = value.cast(pl.String).str.strip_chars()
    if namespace.type == "phone":
        return _of_distinct(trimmed, lambda text: e164(text, namespace.region))
    return trimmed


def address(value: pl.Expr) -> pl.Expr:
    """The one way of writing an e-mail address, of which providers take the digest."""
    return value.cast(pl.String).str.strip_chars().str.to_lowercase()


def sha256(value: pl.Expr) -> pl.Expr:
    """SHA-256 of a comparable value, as 64 lower-case hexadecimal digits; null stays null."""
    digest: pl.Expr = value.chash.sha2_256()  # type: ignore[attr-defined]
    return digest


def _matching(value: pl.Expr, pattern: str) -> pl.Expr:
    return pl.when(value.str.contains(pattern)).then(value)


def _of_distinct(value: pl.Expr, work: Callable[[str], str | None]) -> pl.Expr:
    """A function of each text, called once for each that there is."""

    def of(values: pl.Series) -> pl.Series:
        distinct = values.unique().drop_nulls()
        results = pl.Series([work(each) for each in distinct], dtype=pl.String)
        return values.replace_strict(distinct, results, default=None, return_dtype=pl.String)

    return value.map_batches(of, return_dtype=pl.String, is_elementwise=True)
