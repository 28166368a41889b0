"""A file of people, or whom a query found, in; they on an audience's list, and what became of rows, out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

import polars as pl

from perennial.audiences.lists import UploadedList, unexpired
from perennial.audiences.uploads import MOST_ENTRIES, UploadRefused, identities
from perennial.identity.namespace import Namespace
from perennial.identity.values import comparable
from perennial.lake.audiences import LISTS, UPLOADS
from perennial.lake.erasure import erased
from perennial.lake.identity import NAME
from perennial.lake.tables import ConcurrentCommit, Table
from perennial.signals.erased import fingerprints
from perennial.stages.lists import namespace_of
from perennial.stages.workspace import Workspace

Mode = Literal["replace", "append"]
LINES = 100
"""Of rows that name nobody, the first that are told."""
ATTEMPTS = 5


@dataclass(frozen=True)
class Uploaded:
    """What became of a file's rows."""

    rows: int
    accepted: int
    """Identities that are on the list now."""
    repeated: int
    """Rows that name one of them again."""
    refused: int
    """Rows that are no valid identity of the list's namespace."""
    erased: int
    """Rows of people who were erased: as rows without a date, they do not come in again."""
    lines: list[int]
    """Where the first of those are that were refused."""


def upload(workspace: Workspace, name: str, content: bytes, mode: Mode, by: str, now: datetime) -> Uploaded:
    """Put the people of a CSV on an audience's list, in place of those who are there, or to them.

    Raises `UploadRefused` for what is no such file, `RuleError` for a list whose namespace is not there.
    """
    listed, namespace = _list(workspace, name)
    return _put(workspace, name, listed, namespace, identities(content, namespace), mode, by, now)


def put_found(
    workspace: Workspace, name: str, rows: pl.DataFrame, mode: Mode, by: str, now: datetime
) -> Uploaded:
    """Put whom a query has found on an audience's list: by the column that is called like the list's
    namespace, or by the only one. Where it found nobody, the list that it replaces is empty then.

    Raises `UploadRefused` and `RuleError`.
    """
    listed, namespace = _list(workspace, name)
    column = namespace.name if namespace.name in rows.columns else rows.columns[0]
    if rows.width > 1 and column != namespace.name:
        raise UploadRefused(
            f"None of the columns {', '.join(rows.columns)} is called {namespace.name}, as the list's "
            "namespace: give the one with the identities that alias."
        )
    value = comparable(pl.col(column).cast(pl.String), namespace)
    named = rows.select(line=pl.int_range(1, pl.len() + 1), value=value)
    return _put(workspace, name, listed, namespace, named, mode, by, now)


def _list(workspace: Workspace, name: str) -> tuple[UploadedList, Namespace]:
    if name not in workspace.audiences:
        raise UploadRefused(f"There is no audience {name}; there are {', '.join(workspace.audiences)}.")
    listed = workspace.audiences[name].list
    if listed is None:
        raise UploadRefused(f"The audience {name} is a rule, and no list: nobody can be put on it.")
    return listed, namespace_of(workspace, name, listed)


def _put(
    workspace: Workspace,
    name: str,
    listed: UploadedList,
    namespace: Namespace,
    rows: pl.DataFrame,
    mode: Mode,
    by: str,
    now: datetime,
) -> Uploaded:
    """Put identities (line, value; null for what names nobody) on a list."""
    refused, named = rows.filter(pl.col("value").is_null())["line"], rows["value"].drop_nulls()
    gone = _erased(workspace, named, namespace.name)
    values = named.filter(~gone).unique(maintain_order=True)
    if values.is_empty() and rows.height:
        raise UploadRefused(
            f"None of the {rows.height:,} rows can be taken as an identity of the namespace "
            f"{namespace.name}: the list stays as it was."
        )
    batch = uuid4().hex
    fresh = pl.DataFrame({"value": values}).select(
        audience=pl.lit(name), namespace=pl.lit(namespace.name), value="value",
        added_at=pl.lit(now, LISTS["added_at"]), batch=pl.lit(batch),
    )  # fmt: skip
    _store(workspace.lake.lists, name, listed, fresh, mode, now)
    counts = {
        "rows": rows.height, "accepted": len(values), "refused": len(refused), "erased": int(gone.sum()),
        "repeated": len(named) - len(values) - int(gone.sum()),
    }  # fmt: skip
    row = {"audience": name, "batch": batch, "mode": mode, "at": now, "by": by, **counts}
    workspace.lake.uploads.append(pl.DataFrame([row], schema=UPLOADS))
    return Uploaded(**counts, lines=refused.head(LINES).to_list())


def clear(workspace: Workspace, name: str) -> None:
    """Take everybody off the list of an audience that is no more."""
    if name in workspace.lake.lists.partitions():
        workspace.lake.lists.replace(pl.DataFrame(schema=LISTS), name)


def _erased(workspace: Workspace, values: pl.Series, namespace: str) -> pl.Series:
    known = erased(workspace.lake.root).filter(namespace=namespace).collect()["value_sha256"]
    return fingerprints(values, namespace).is_in(known.implode())


def _store(
    table: Table, name: str, listed: UploadedList, fresh: pl.DataFrame, mode: Mode, now: datetime
) -> None:
    """Commit a list as it is from now on; one that another upload changed meanwhile is read again."""
    for attempt in range(ATTEMPTS):
        version, rows = table.version(), fresh
        if mode == "append" and version >= 0:
            others = table.scan(version).filter(audience=name).filter(unexpired(listed, now)).collect()
            # What is repeated of an earlier moment takes nothing from a later one.
            both = pl.concat([others, fresh]).sort("added_at", maintain_order=True)
            rows = both.unique(NAME, keep="last", maintain_order=True)
        if rows.height > MOST_ENTRIES:
            raise UploadRefused(f"The list would have more than {MOST_ENTRIES:,} identities.")
        mark = [(f"list {name}", version + 1)]
        try:
            if version < 0:
                table.append(rows, mark, since=version)
            else:
                table.replace_where(rows, "audience", name, mark, since=version)
            return
        except ConcurrentCommit:
            if attempt == ATTEMPTS - 1:
                raise
