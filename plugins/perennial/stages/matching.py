"""A document of `include/matches` and the lake in; a table of pairs, and what the run came to, out."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

import polars as pl

from perennial.lake.tables import Table
from perennial.matching import people, products
from perennial.matching.definition import Match, PeopleMatch, ProductMatch, Side, load_match
from perennial.matching.pairing import picked
from perennial.matching.sides import MatchRefused, rows
from perennial.queries.outputs import write
from perennial.stages.workspace import Workspace

Counts = dict[str, Any]
SideName = Literal["left", "right"]


def run_match(workspace: Workspace, name: str, now: datetime, *, force: bool = False) -> Counts:
    """Match two tables, and put the pairs in place of those that were there.

    Where neither the document nor the tables have changed since the last run, nothing is done, unless it is
    to be done by `force`. Raises `DocumentError`, `MatchRefused`.
    """
    match = load_match(workspace.settings.include / "matches" / f"{name}.yaml")
    inputs = _inputs(workspace, match)
    last = last_runs(workspace).get(name)
    if last is not None and last["inputs"] == inputs and not force and workspace.lake.matches(name).exists():
        return {"unchanged": True} | {each: last[each] for each in ("matched", "unsure")}
    left, right = _rows(workspace, match, "left"), _rows(workspace, match, "right")
    pairs, learned = _pairs(left, right, match)
    sure = pl.when(pl.col("score") >= match.threshold).then(pl.lit("matched")).otherwise(pl.lit("unsure"))
    table = _named(pairs.with_columns(outcome=sure), left, right, match)
    write(workspace.settings.lake, workspace.lake.matches(name).name, table, "overwrite", (), "")
    matched = table.filter(outcome="matched").height
    counts: Counts = {
        "left_rows": left.height,
        "right_rows": right.height,
        "matched": matched,
        "unsure": table.height - matched,
    }
    row = {
        "match": name,
        "at": now,
        "inputs": inputs,
        "threshold": match.threshold,
        "learned": learned,
        **counts,
    }
    runs = workspace.lake.matching_runs
    runs.append(pl.DataFrame([row], schema=runs.schema))
    return counts


def last_runs(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """The newest run of each match."""
    runs = workspace.lake.matching_runs.scan().sort("at").unique("match", keep="last", maintain_order=True)
    return {run["match"]: run for run in runs.collect().to_dicts()}


def _pairs(left: pl.DataFrame, right: pl.DataFrame, match: Match) -> tuple[pl.DataFrame, str]:
    """Pairs that are kept, with `score` and `why`, and what was learned on the way."""
    if isinstance(match, PeopleMatch):
        found, learned = people.matched(left, right, match)
        return picked(found, match.pairs, "weight"), json.dumps(asdict(learned))
    if not isinstance(match, ProductMatch):
        raise TypeError(type(match).__name__)
    compared = products.texts(left, right, match)
    kept = picked(products.matched(left, right, match, compared), match.pairs)
    return products.explained(kept, compared), "{}"


def _table(workspace: Workspace, side: Side) -> Table:
    if side.dataset is not None:
        return workspace.table(side.dataset)
    return Table(workspace.settings.lake, str(side.table))


def _rows(workspace: Workspace, match: Match, which: SideName) -> pl.DataFrame:
    """A side's rows: its key, the fields that are compared, and the identities of whose rows they are."""
    side: Side = getattr(match, which)
    where = f"{match.name}: {which}, {side.dataset or side.table},"
    table = _table(workspace, side)
    if not table.exists():
        raise MatchRefused(f"{where} is not in the lake yet: load it first, or mend its name")
    scanned = workspace.rows(side.dataset) if side.dataset is not None else table.scan()
    columns: Mapping[str, str] = match.columns(which)
    found = rows(scanned, side, columns, where)
    if side.dataset is None:
        return found
    # Whoever is erased is found in the pairs by these.
    there = scanned.collect_schema()
    named = [each.column for each in workspace.dataset(side.dataset).identities if each.column in there]
    extra = [name for name in named if name not in (side.key, *columns)]
    whose = scanned.select(pl.col(side.key).alias("__key"), *extra).collect()
    return found.join(whose, on="__key", how="left", maintain_order="left")


def _named(pairs: pl.DataFrame, left: pl.DataFrame, right: pl.DataFrame, match: Match) -> pl.DataFrame:
    """Pairs of row numbers with both rows' columns: `left_sku`, `right_item`, and so on."""
    sides = []
    for side, document, known in (("left", match.left, left), ("right", match.right, right)):
        # A field that is the key, too, is there once: as the table has it.
        shown = known.drop("__row", document.key, strict=False).rename({"__key": document.key})
        sides.append(shown[pairs[side]].select(pl.all().name.prefix(f"{side}_")))
    return pl.concat([*sides, pairs.drop("left", "right")], how="horizontal")


def _inputs(workspace: Workspace, match: Match) -> str:
    text = hashlib.sha256(match.model_dump_json().encode()).hexdigest()[:16]
    versions = [_table(workspace, side).version() for side in (match.left, match.right)]
    return f"{text}/{versions[0]}/{versions[1]}"
