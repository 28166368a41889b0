"""A dataset's document in; from which fields of its files or messages each column of its table comes, out."""

import re

from perennial.lineage.model import Dataset, Derivation, How, Use, used
from perennial.signals.dataset import Dataset as Signals
from perennial.signals.source import DAY

_VARIES = re.compile(r"[*?\[{]")


def derivation(document: Signals, origin: Dataset) -> Derivation:
    """How the table of a dataset is made from where its rows come from."""
    columns = {name: _column(document, name, origin) for name in document.columns}
    key = {path for name in document.key for path in document.fields(name)}
    columns["event_id"] = used(origin, map(".".join, key), "transformation", "digest of the key", masked=True)
    if "event_time" in document.columns:
        columns["event_date"] = used(
            origin, map(".".join, document.fields("event_time")), "transformation", "its day in UTC"
        )
    return Derivation(columns)


def fields(document: Signals) -> list[str]:
    """The fields of files or messages that any column is made of."""
    return sorted({".".join(path) for name in document.columns for path in document.fields(name)})


def files(document: Signals, *, daily: bool) -> Dataset | None:
    """The folder in which the files of days, or of the history, lie."""
    pattern = document.source.daily if daily else document.source.history
    return None if pattern is None else Dataset("landing", fixed(pattern))


def fixed(pattern: str) -> str:
    """What is the same of all files' paths: `transactions/daily` of `transactions/daily/{day}.csv`."""
    parts = pattern.split("/")
    varying = next((n for n, part in enumerate(parts) if DAY in part or _VARIES.search(part)), len(parts))
    return "/".join(parts[:varying]) or "."


def _column(document: Signals, name: str, origin: Dataset) -> tuple[Use, ...]:
    how: How = "identity" if document.columns[name].expression is None else "transformation"
    return used(origin, map(".".join, document.fields(name)), how)
