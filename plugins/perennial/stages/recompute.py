"""Days of the past in; everything that a day's run computes, computed again as of each of them, out.

Nothing is ingested. A recomputation first writes down what it is to do, each step of each day, and then what
of it is done: a run that was killed goes on there, and whoever waits sees how far it is.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import polars as pl

from perennial.errors import TerminalError
from perennial.lake.days import STEPS
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.browsing import find_left_behind
from perennial.stages.insights import refresh_days
from perennial.stages.lateness import begin, complete, late, note_arrivals
from perennial.stages.lifetime import NoModel, fit_lifetime, score_lifetime
from perennial.stages.profiles import build_profiles
from perennial.stages.rfm import compute_rfm_days
from perennial.stages.steps import ORDER, STORED
from perennial.stages.stitching import stitch
from perennial.stages.value import Range, compute_days, history, in_ranges, stale_days
from perennial.stages.value_ledgers import refresh_ledgers
from perennial.stages.value_spark import no_cluster
from perennial.stages.workspace import Workspace
from perennial.value.windows import days_between

Clock = Callable[[], datetime]


def _no_store() -> str:
    raise TerminalError("insights are refreshed, but no store is named")


def behind(workspace: Workspace) -> dict[str, set[date]]:
    """The days that would come out otherwise, by why: events came `late`, or a `document` says another thing.

    Late events make a document's values others, too.
    """
    rows = set(late(workspace).days["as_of"])
    return {"late": rows, "document": stale_days(workspace) - rows}


def plan(
    workspace: Workspace,
    run: str,
    days: Collection[date] | None,
    steps: Sequence[str],
    now: datetime,
    *,
    only_behind: bool = False,
    most: int | None = None,
    by: str | None = None,
) -> list[Range]:
    """Take in what came, and write down what is to be done; returns ranges of days to be done together.

    With `only_behind`, only days are wanted that would come out otherwise, and of these only the steps that
    were done before. Without days, all of them are meant, or the newest so many (`most`).
    """
    seen, have = note_arrivals(workspace), _have(workspace)
    if days is None and not any(have.values()):
        # Where nothing was computed yet, perhaps for want of any signals, nothing is behind.
        return []
    refresh_ledgers(workspace)
    stitch(workspace, now)
    wanted = {step: {*(days or ())} for step in steps}
    if days is None or only_behind:
        found = sorted(set[date]().union(*behind(workspace).values()))
        hit = {*found[-(most or len(found)) :]} if days is None else {*found} & {*days}
        wanted = {step: hit & have[step] for step in ORDER if step in steps}
    every = set[date]().union(*wanted.values())
    if every:
        begin(workspace, run, _whole(wanted, have), seen, now)
        rows = [(run, step, day, False, by, now) for step in wanted for day in sorted(wanted[step])]
        workspace.lake.recomputed.append(pl.DataFrame(rows, schema=STEPS, orient="row"))
    return in_ranges(every)


def remaining(workspace: Workspace, run: str, step: str, first: date, last: date) -> list[date]:
    """The days of a range of which a run has yet to do a step."""
    mine = workspace.lake.recomputed.scan().filter(pl.col("day").is_between(first, last), run=run, step=step)
    done = pl.col("at").filter("done").max()
    asked = pl.col("at").filter(~pl.col("done")).max()
    left = mine.group_by("day").agg(done=done, asked=asked)
    # A run that is planned anew does everything again.
    open_ = left.filter(pl.col("done").is_null() | (pl.col("done") < pl.col("asked")))
    return open_.sort("day").collect()["day"].to_list()


def recompute(
    workspace: Workspace,
    run: str,
    step: str,
    days: Range,
    clock: Clock,
    spark: Callable[[], Any] = no_cluster,
    store_url: Callable[[], str] = _no_store,
) -> int:
    """Do a step of the days of a range that are left to do; returns how many there were.

    `spark` and `store_url` give where documents with `engine: spark` are computed, and where insights go.
    """
    left = remaining(workspace, run, step, days.first, days.last)
    for some in in_ranges(left):
        for done in _done(workspace, step, some, spark, store_url):
            if step == "audiences":
                complete(workspace, run, done, clock())
            rows = [(run, step, day, True, None, clock()) for day in done]
            workspace.lake.recomputed.append(pl.DataFrame(rows, schema=STEPS, orient="row"))
    return len(left)


def progress(workspace: Workspace, runs: int = 10) -> pl.DataFrame:
    """(run, by, at, first, last, step, wanted, done) of the last recomputations, the newest first."""
    rows = workspace.lake.recomputed.scan()
    asked = (
        rows.filter(~pl.col("done"))
        .group_by("run", "step", "day")
        .agg(pl.col("at").max(), by=pl.col("by").last())
    )
    done = rows.filter("done").group_by("run", "step", "day").agg(done=pl.col("at").max())
    both = asked.join(done, on=["run", "step", "day"], how="left")
    by_step = both.group_by("run", "step").agg(
        pl.col("by").first(),
        pl.col("at").max(),
        first=pl.col("day").min(),
        last=pl.col("day").max(),
        wanted=pl.len(),
        done=(pl.col("done") >= pl.col("at")).sum(),
    )
    newest = by_step.group_by("run").agg(pl.col("at").max()).sort("at", "run", descending=True).head(runs)
    order = pl.col("step").replace_strict({step: n for n, step in enumerate(ORDER)}, default=len(ORDER))
    found = by_step.join(newest.select("run"), on="run", how="semi")
    return found.sort(pl.col("at").max().over("run"), "run", order, descending=[True, True, False]).collect()


def _done(
    workspace: Workspace, step: str, days: Range, spark: Callable[[], Any], store_url: Callable[[], str]
) -> Iterator[list[date]]:
    """Do a step, and give the days that are done, as many at a time as are computed together."""
    every = days_between(days.first, days.last)
    match step:
        case "values":
            compute_days(workspace, days, spark)
            yield every
        case "segments":
            compute_rfm_days(workspace, days.first, days.last, spark)
            yield every
        case "insights":
            refresh_days(workspace, store_url(), every)
            yield every
        case _:
            for day in every:
                _DAILY[step](workspace, day)
                yield [day]


def _predict(workspace: Workspace, day: date) -> None:
    """As the day's run does: who comes before the first model is not scored."""
    with suppress(NoModel):
        fit_lifetime(workspace, day)
    score_lifetime(workspace, day)


def _profile(workspace: Workspace, day: date) -> None:
    """With what people left behind, which nothing but profiles reads."""
    find_left_behind(workspace, day)
    build_profiles(workspace, day)


_DAILY: dict[str, Callable[[Workspace, date], Any]] = {
    "lifetime": _predict,
    "profiles": _profile,
    "audiences": evaluate_audiences,
}


def _have(workspace: Workspace) -> dict[str, set[date]]:
    """The days of which each step was done."""
    lake = workspace.lake
    partitioned = {
        "segments": [lake.rfm(name) for name in workspace.rfm],
        "lifetime": [lake.lifetime(name) for name in workspace.lifetime],
        "profiles": [lake.profiles],
        "audiences": [lake.evaluations],
    }
    found = {
        step: {date.fromisoformat(day) for table in tables for day in table.partitions()}
        for step, tables in partitioned.items()
    }
    found["values"] = {
        day for name in workspace.value for day in history(workspace, name).computed()["as_of"]
    }
    return found | {"insights": found["profiles"]}


def _whole(wanted: Mapping[str, set[date]], have: Mapping[str, set[date]]) -> list[date]:
    """The days of which every step is done again that they have: they are as they must be, afterwards."""
    return [
        day
        for day in sorted(wanted.get("audiences", ()))
        if all(day in wanted.get(step, ()) for step in STORED if step == "profiles" or day in have[step])
    ]
