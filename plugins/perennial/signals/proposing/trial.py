"""A dataset's document and a file in; how many of its rows are good, and why the others are not, out."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from perennial.signals.dataset import Dataset
from perennial.signals.reading import chunks
from perennial.signals.validation import explained, sorted_out


@dataclass(frozen=True)
class Trial:
    """What would become of a file's rows."""

    rows: int
    good: int
    repeated: int
    """Of the good ones, those that have the key of another one."""
    reasons: Counter[str]
    """Why rows are bad, with how many are."""


def tried(file: Path, dataset: Dataset) -> Trial:
    """Read a file as the ingestion does, and keep nothing of it; raises as that does."""
    rows, good, reasons, keys = 0, 0, Counter[str](), set[int]()
    for chunk in chunks([str(file)], dataset):
        taken, refused = sorted_out(chunk.rows, dataset)
        rows += chunk.rows.height + chunk.broken.height
        good += taken.height
        keys.update(taken.select(dataset.key).hash_rows(seed=1))
        for bad in (chunk.broken, explained(refused, dataset)):
            reasons.update(reason for row in bad["reasons"] for reason in row)
    return Trial(rows, good, good - len(keys), reasons)
