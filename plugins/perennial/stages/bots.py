"""Events of visitors in; who of them is a bot and why, what was learned, and whom others leave out, out."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from perennial.bots import verdicts
from perennial.bots.definition import BotDefinition
from perennial.bots.features import VISITOR
from perennial.bots.labels import labels
from perennial.bots.verdicts import LEFT_OUT, LET_IN, WHYS, is_bot, marked
from perennial.errors import TerminalError
from perennial.lake.bots import BOT_DECISIONS, BOT_MARKS, BOT_TRAFFIC, BOTS_FOUND
from perennial.lake.identity import NAME
from perennial.lake.tables import ConcurrentCommit
from perennial.stages.bot_models import model_as_of
from perennial.stages.visitors import namespace_of, visitors
from perennial.stages.workspace import Workspace

ATTEMPTS = 5


def find_bots(workspace: Workspace, as_of: date, *, force: bool = False) -> dict[str, dict[str, Any]]:
    """Find the bots among visitors, by every document, by what they did before a day; returns counts.

    From then on, value, profiles and audiences leave them out. With `force` the models are learned anew.
    """
    lake, report, traffic = workspace.lake, {}, [pl.DataFrame(schema=BOT_TRAFFIC)]
    for name, definition in workspace.bots.items():
        everybody = visitors(workspace, definition, as_of)
        known = labels(everybody["user_agent"])
        tree, status = model_as_of(workspace, definition, everybody, known, as_of, force=force)
        judged = verdicts.judged(everybody.lazy(), known, definition, tree).collect()
        found = judged.filter(is_bot()).with_columns(as_of=pl.lit(as_of))
        lake.bots_found(name).replace(found.select(BOTS_FOUND.names()), as_of)
        counted = _traffic(workspace, definition, judged, as_of)
        traffic.append(counted)
        counts = dict(counted.select("why", "visitors").iter_rows())
        report[name] = {"visitors": everybody.height, **counts, "learning": status}
    lake.bot_traffic.replace(pl.concat(traffic), as_of)
    settle(workspace)
    return report


def decide(
    workspace: Workspace,
    name: str,
    visitors: Sequence[str],
    decision: str,
    reason: str,
    *,
    by: str,
    now: datetime,
) -> int:
    """Note what somebody decided of visitors, and act upon it; returns how many identities are left out now.

    Raises `TerminalError`, and decides nothing, where one of them was never seen.
    """
    definition = workspace.bots.get(name)
    if definition is None:
        raise TerminalError(f"no document about bots {name}; include/bots has {[*workspace.bots]}")
    wanted = pl.Series("value", [each.strip() for each in visitors], dtype=pl.String).unique(
        maintain_order=True
    )
    seen = workspace.lake.visitor_days(name).scan().select(value=VISITOR).unique()
    known = seen.filter(pl.col("value").is_in(wanted.implode())).collect().height
    if known < len(wanted):
        raise TerminalError(
            f"{len(wanted) - known} of {len(wanted)} visitors have no events in {definition.dataset} that "
            f"were looked at: give them as its column {definition.visitor} has them"
        )
    table, said = workspace.lake.bot_decisions, {"decision": decision, "reason": reason, "by": by, "at": now}
    for attempt in range(ATTEMPTS):
        since = table.version()
        step = {**said, "namespace": namespace_of(workspace, definition), "step": since + 1}
        rows = pl.DataFrame([{"value": value, **step} for value in wanted], schema=BOT_DECISIONS)
        try:
            table.append(rows, [("decisions", since + 1)], since=since)
            break
        except ConcurrentCommit:
            if attempt == ATTEMPTS - 1:
                raise
    return settle(workspace)


def settle(workspace: Workspace) -> int:
    """Mark whom the newest findings and people's decisions leave out; returns how many identities."""
    table = workspace.lake.bot_marks
    while True:
        # Read again after it was written: somebody may have decided meanwhile.
        wanted = marked(found_now(workspace), workspace.lake.bot_decisions.scan()).collect()
        if table.scan().sort(NAME).collect().equals(wanted):
            return wanted.height
        table.replace(wanted.select(BOT_MARKS.names()))


def found_now(workspace: Workspace) -> pl.LazyFrame:
    """Bots as of the newest day for which each document was gone by, with their namespace and value."""
    lake = workspace.lake
    every = [pl.LazyFrame(schema={**BOTS_FOUND, "definition": pl.String(), **BOT_MARKS})]
    newest = lake.bot_traffic.scan().group_by("definition").agg(pl.col("as_of").max()).collect()
    for name, as_of in newest.iter_rows():
        if name in workspace.bots:
            namespace = pl.lit(namespace_of(workspace, workspace.bots[name]))
            rows = lake.bots_found(name).scan().filter(as_of=as_of)
            every.append(
                rows.with_columns(definition=pl.lit(name), namespace=namespace, value=pl.col(VISITOR))
            )
    return pl.concat(every, how="diagonal")


def _traffic(
    workspace: Workspace, definition: BotDefinition, judged: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """How many visitors and events are people's, and bots' by the first thing that told them."""
    namespace = namespace_of(workspace, definition)
    decisions = verdicts.decided(workspace.lake.bot_decisions.scan()).filter(namespace=namespace)
    said = decisions.select(pl.col("value").alias(VISITOR), "decision").collect()
    why = pl.lit("people")
    for name in reversed(WHYS):
        why = pl.when(name).then(pl.lit(name)).otherwise(why)
    why = pl.when(pl.col("decision") == LEFT_OUT).then(pl.lit(LEFT_OUT)).otherwise(why)
    why = pl.when((pl.col("decision") == LET_IN) & is_bot()).then(pl.lit(LET_IN)).otherwise(why)
    counted = judged.join(said, on=VISITOR, how="left").group_by(why=why).agg(
        visitors=pl.len(), events=pl.col("events").sum()
    )  # fmt: skip
    every = pl.DataFrame({"why": ["people", *WHYS, LET_IN, LEFT_OUT]})
    rows = every.join(counted, on="why", how="left", maintain_order="left")
    return rows.select(
        pl.lit(definition.name).alias("definition"),
        pl.lit(as_of).alias("as_of"),
        "why",
        *(pl.col(name).fill_null(0).cast(pl.Int64) for name in ("visitors", "events")),
    )
