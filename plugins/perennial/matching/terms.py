"""Texts of two sides in; sparse TF-IDF vectors over their character n-grams, of length one, out.

A text is put in lower case, without accents, and what is neither letter nor digit is dropped, so that
`EZXS-88W` is `ezxs88w`. Each word, with a blank before and after it, gives its overlapping n-grams.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

SIZE = 3
"""Characters of the n-grams by which texts are scored."""
LONGER = 5
"""Characters of those by which pairs are looked up, beside the others and words: few texts share one."""


@dataclass(frozen=True)
class Side:
    """One side's texts as rows of sparse matrices; both sides have the same columns."""

    vectors: sparse.csr_array
    """TF-IDF weights of n-grams."""
    words: sparse.csr_array
    """Which words there are."""
    longer: sparse.csr_array
    """Which longer n-grams there are."""

    @property
    def terms(self) -> tuple[sparse.csr_array, ...]:
        """All by which pairs are looked up."""
        return self.vectors, self.longer, self.words


@dataclass(frozen=True)
class Texts:
    """Both sides."""

    left: Side
    right: Side
    words: pl.Series
    """The words, in the order of their columns."""
    grams: sparse.csr_array
    """Which n-grams (columns of the vectors) each word has."""


def squashed(texts: pl.Series) -> pl.Series:
    """Texts as they are compared."""
    plain = texts.fill_null("").str.normalize("NFKD").str.to_lowercase().str.replace_all(r"\p{M}", "")
    return plain.str.replace_all(r"[^\p{L}\p{N}\s]", "").str.replace_all(r"\s+", " ").str.strip_chars()


def weighed(left: pl.Series, right: pl.Series) -> Texts:
    """TF-IDF of the texts: `(1 + ln tf) · (1 + ln((1 + N) / (1 + df)))`, each row divided by its length.

    N and df count the texts of both sides. A text without a word is a row of zeros.
    """
    texts, n = squashed(pl.concat([left, right])), len(left)
    found = pl.DataFrame({"word": texts.str.split(" ")}).with_row_index("row").explode("word")
    found = found.filter(pl.col("word").str.len_chars() > 0)
    words = found["word"].unique().sort()
    has = _matrix(found["row"], found["word"], words, len(texts))
    grams = _grams(words, SIZE)
    vectors = has @ grams
    vectors.data = 1.0 + np.log(vectors.data)
    often = np.bincount(vectors.indices, minlength=vectors.shape[1])
    vectors.data *= (1.0 + np.log((1.0 + len(texts)) / (1.0 + often)))[vectors.indices]
    length = np.sqrt(vectors.multiply(vectors).sum(axis=1))
    vectors.data /= np.repeat(length, np.diff(vectors.indptr))
    vectors.sort_indices()
    there = has.astype(bool)
    longer = there @ _grams(words, LONGER).astype(bool)
    both = [Side(vectors[rows], there[rows], longer[rows]) for rows in (slice(n), slice(n, None))]
    return Texts(both[0], both[1], words, grams.astype(bool))


def _grams(words: pl.Series, size: int) -> sparse.csr_array:
    """Of each word, how often it has each n-gram; a word that is too short has none."""
    padded = pl.DataFrame({"word": " " + words + " "}).with_row_index("row")
    starts = pl.int_ranges(0, pl.col("word").str.len_chars().cast(pl.Int64) - size + 1)
    each = padded.with_columns(start=starts).explode("start").drop_nulls()
    each = each.select("row", gram=pl.col("word").str.slice(pl.col("start"), size))
    return _matrix(each["row"], each["gram"], each["gram"].unique().sort(), len(words))


def _matrix(rows: pl.Series, values: pl.Series, known: pl.Series, height: int) -> sparse.csr_array:
    """How often each row has each of the known values, which are its columns."""
    pairs = pl.DataFrame({"row": rows, "value": values})
    columns = known.alias("value").to_frame().with_row_index("column")
    at = pairs.join(columns, on="value").group_by("row", "column").len()
    places = at["row"].cast(pl.Int32).to_numpy(), at["column"].cast(pl.Int32).to_numpy()
    return sparse.coo_array((at["len"].cast(pl.Float64).to_numpy(), places), (height, len(known))).tocsr()
