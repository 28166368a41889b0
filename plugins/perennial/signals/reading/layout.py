"""A dataset's columns in, the fields that it needs of its sources out, and what a source lacks."""

from collections.abc import Iterable

import polars as pl

from perennial.signals.dataset import Dataset
from perennial.signals.reading.base import SchemaMismatch

Path = tuple[str, ...]
Tree = dict[str, "Tree | None"]
"""The fields that are used: by name, None for a value and a tree for an object with fields of its own."""


def tree(dataset: Dataset) -> Tree:
    """The fields that the dataset uses.

    A path of several names stands for a field within another, and for one whose name has points in it.
    """
    top: Tree = {}
    for path in used(dataset):
        if len(path) > 1:
            top[".".join(path)] = None
        node = top
        for name in path[:-1]:
            below = node.setdefault(name, {})
            node = {} if below is None else below
        node[path[-1]] = None
    return top


def used(dataset: Dataset) -> list[Path]:
    """The paths of all fields that the dataset uses, in the order of its columns."""
    return list(dict.fromkeys(path for name in dataset.columns for path in sorted(dataset.fields(name))))


def schema(fields: Tree) -> pl.Schema:
    """The fields as columns of text."""
    return pl.Schema(
        {name: pl.String() if below is None else pl.Struct(schema(below)) for name, below in fields.items()}
    )


def paths(columns: pl.Schema) -> list[Path]:
    """The paths of all fields of a frame, down to those that are no objects."""
    found: list[Path] = []
    for name, dtype in columns.items():
        if isinstance(dtype, pl.Struct):
            found += [(name, *rest) for rest in paths(pl.Schema(dtype))]
        else:
            found.append((name,))
    return found


def check(file: str, dataset: Dataset, present: Iterable[Path]) -> None:
    """Raise `SchemaMismatch` unless a file with these fields is one of the dataset."""
    found = list(present)
    have = {path[:n] for path in found for n in range(1, len(path) + 1)}
    written = {path[0] for path in found}
    known = used(dataset)

    def is_there(path: Path) -> bool:
        return path in have or ".".join(path) in written

    lacking = [
        ", ".join(".".join(path) for path in sorted(dataset.fields(name)))
        for name, column in dataset.columns.items()
        if column.required
        and dataset.fields(name)
        and not any(is_there(path) for path in dataset.fields(name))
    ]
    if lacking:
        raise SchemaMismatch(
            f"{file}: lacks {', '.join(lacking)}, which {dataset.name} requires; it has {_names(found)}"
        )
    if dataset.extra_columns == "refuse":
        names = {".".join(path) for path in known}
        extra = [
            path
            for path in found
            if not any(path[: len(use)] == use for use in known) and not (len(path) == 1 and path[0] in names)
        ]
        if extra:
            raise SchemaMismatch(
                f"{file}: has {_names(extra)}, which {dataset.name} does not know; declare them as columns, "
                f"or say `extra_columns: ignore` in its document. It knows {_names(known)}"
            )


def _names(found: Iterable[Path]) -> str:
    return ", ".join(".".join(path) or "''" for path in found) or "no columns"
