"""What Airflow's own database knows of runs: the one module of pages that reads it.

It is no public interface. Only Dags are read that the caller may see.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any

from airflow.models.asset import AssetEvent
from airflow.models.backfill import Backfill, BackfillDagRun
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import func, select

LOOK_BACK = 11
"""Runs of each Dag that are looked at: the last one, and those that say what is usual."""


@dataclass(frozen=True)
class Step:
    """A task of a Dag's last run. Where there is no usual value, it ran too seldom."""

    dag: str
    task: str
    run: str
    state: str
    at: datetime | None
    cost: Mapping[str, float | None]
    """`seconds`, `rows`, `bytes`; None where nobody knows."""
    usual: Mapping[str, float | None]


@dataclass(frozen=True)
class DagHealth:
    """A Dag: how its last run went, and when the next one is due."""

    dag: str
    is_paused: bool
    due: datetime | None
    state: str = ""
    """Of the last run; empty if there was none."""
    run: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class BackfillHealth:
    """A backfill that goes on."""

    dag: str
    since: datetime
    first: datetime
    last: datetime
    is_paused: bool
    runs: Mapping[str, int] = field(default_factory=dict)
    """How many of its runs are in which state."""

    @property
    def done(self) -> int:
        """Runs that have ended."""
        return self.runs.get("success", 0) + self.runs.get("failed", 0)

    @property
    def total(self) -> int:
        """All its runs."""
        return sum(self.runs.values())


def dags(allowed: Collection[str]) -> dict[str, DagHealth]:
    """Every Dag that is there, by name."""
    newest = _newest(allowed, 1)
    with create_session() as session:
        known = select(DagModel.dag_id, DagModel.is_paused, DagModel.next_dagrun_create_after).where(
            DagModel.dag_id.in_(allowed), DagModel.is_stale.is_(False)
        )
        runs = {row.dag_id: row for row in session.execute(select(newest))}
        found = {}
        for dag, is_paused, due in session.execute(known):
            run = runs.get(dag)
            last = {} if run is None else {"state": str(run.state), "run": run.run_id, "at": run.start_date}
            found[dag] = DagHealth(dag, bool(is_paused), due, **last)
        return found


def steps(allowed: Collection[str]) -> list[Step]:
    """The tasks of each Dag's last run, with what they took and what is usual; a mapped task is one."""
    recent = _newest(allowed, LOOK_BACK)
    tasks = (
        select(
            recent.c.place, TaskInstance.dag_id, TaskInstance.task_id, TaskInstance.run_id,
            TaskInstance.state, TaskInstance.start_date, TaskInstance.duration,
        )
        .join(recent, (recent.c.dag_id == TaskInstance.dag_id) & (recent.c.run_id == TaskInstance.run_id))
        .order_by(recent.c.place)
    )  # fmt: skip
    events = select(
        AssetEvent.source_dag_id, AssetEvent.source_task_id, AssetEvent.source_run_id, AssetEvent.extra
    ).join(
        recent, (recent.c.dag_id == AssetEvent.source_dag_id) & (recent.c.run_id == AssetEvent.source_run_id)
    )
    with create_session() as session:
        wrote: dict[tuple[str, str, str], dict[str, float]] = {}
        for dag, task, run, extra in session.execute(events):
            cost = (extra or {}).get("cost") or {}
            sums = wrote.setdefault((dag, task, run), {})
            for name in ("rows", "bytes"):
                if name in cost:
                    sums[name] = sums.get(name, 0) + cost[name]
        found: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for place, dag, task, run, state, start, seconds in session.execute(tasks):
            runs = found.setdefault((dag, task), [])
            if not runs or runs[-1]["run"] != run:
                runs.append({"place": place, "run": run, "states": [], "at": start, "seconds": None})
            runs[-1]["states"].append(str(state or "none"))
            if seconds is not None:
                runs[-1]["seconds"] = (runs[-1]["seconds"] or 0) + seconds
    return [_step(dag, task, runs, wrote) for (dag, task), runs in found.items() if runs[0]["place"] == 1]


def backfills(allowed: Collection[str]) -> list[BackfillHealth]:
    """All that are not complete."""
    counted = (
        select(BackfillDagRun.backfill_id, DagRun._state, func.count())
        .join(DagRun, DagRun.id == BackfillDagRun.dag_run_id)
        .group_by(BackfillDagRun.backfill_id, DagRun._state)
    )
    going_on = select(Backfill).where(Backfill.completed_at.is_(None), Backfill.dag_id.in_(allowed))
    with create_session() as session:
        runs: dict[int, dict[str, int]] = {}
        for backfill, state, count in session.execute(counted):
            runs.setdefault(backfill, {})[str(state)] = count
        return [
            BackfillHealth(
                one.dag_id, one.created_at, one.from_date, one.to_date, bool(one.is_paused),
                runs.get(one.id, {}),
            )
            for one in session.scalars(going_on)
        ]  # fmt: skip


def _newest(allowed: Collection[str], count: int) -> Any:
    """The last runs of each Dag that have begun; `place` is 1 for the newest."""
    place = func.row_number().over(partition_by=DagRun.dag_id, order_by=DagRun.start_date.desc())
    runs = select(
        DagRun.dag_id, DagRun.run_id, DagRun._state.label("state"), DagRun.start_date, place.label("place")
    ).where(DagRun.dag_id.in_(allowed), DagRun.start_date.is_not(None))
    numbered = runs.subquery()
    return select(numbered).where(numbered.c.place <= count).subquery()


def _step(
    dag: str, task: str, runs: list[dict[str, Any]], wrote: Mapping[tuple[str, str, str], Mapping[str, float]]
) -> Step:
    def cost_of(run: dict[str, Any]) -> dict[str, float | None]:
        sums = wrote.get((dag, task, run["run"]), {})
        return {"seconds": run["seconds"], "rows": sums.get("rows"), "bytes": sums.get("bytes")}

    last = runs[0]
    before = [cost_of(run) for run in runs[1:] if set(run["states"]) == {"success"}]
    usual: dict[str, float | None] = {}
    for name in ("seconds", "rows", "bytes"):
        values = [value for each in before if (value := each[name]) is not None]
        usual[name] = median(values) if len(values) >= 3 else None
    return Step(dag, task, last["run"], _worst(last["states"]), last["at"], cost_of(last), usual)


def _worst(states: list[str]) -> str:
    order = (
        "failed",
        "upstream_failed",
        "up_for_retry",
        "running",
        "deferred",
        "queued",
        "scheduled",
        "none",
    )
    return next((state for state in order if state in states), states[0])
