"""States of datasets, tables, Dags and steps: facts in, a word and a reason out, trouble first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypeVar

from perennial.signals.dataset import Dataset
from perennial.web.airflow_runs import DagHealth, Step

Word = Literal["broken", "late", "unusual", "fine", "nothing yet"]
ORDER: tuple[Word, ...] = ("broken", "late", "unusual", "fine", "nothing yet")
GRACE = timedelta(hours=6)
"""After midnight, until when a day's files may have been taken."""
LAG = timedelta(hours=2)
"""How long messages may wait: they land every hour at the latest."""
OVERDUE = timedelta(minutes=30)
"""How long after its time a Dag may start."""
SLOW, LEAST_S = 3.0, 10.0
"""A step that takes so many times as long as usual, and so many seconds more, is unusual."""
T = TypeVar("T")


@dataclass(frozen=True)
class State:
    """How something is, and why."""

    word: Word
    why: str = ""


FINE = State("fine")


def sorted_by_trouble(rows: Iterable[T], state: str = "state") -> list[T]:
    """What a person should look at, first; otherwise in the order in which it came."""
    return sorted(rows, key=lambda row: ORDER.index(getattr(row, state).word))


def expected_day(dataset: Dataset, now: datetime) -> date | None:
    """The newest day of which files must have been taken by now; None if there is no such day."""
    source = dataset.source
    if source.daily is None:
        return None
    ended = (now - GRACE - timedelta(hours=source.wait_hours)).date() - timedelta(days=1)
    newest = min(ended, source.last_day) if source.last_day else ended
    return newest if source.delivers(newest) else None


def of_dataset(
    dataset: Dataset,
    last: Mapping[str, Any] | None,
    newest: date | None,
    verdicts: Sequence[Mapping[str, Any]],
    waiting_since: datetime | None,
    now: datetime,
) -> State:
    """How a dataset is.

    :param last: its newest batch
    :param newest: the last day of which rows were taken
    :param verdicts: on what is expected of it, of its newest batch that was judged
    :param waiting_since: since when its oldest message waits to land
    """
    stopped = [each for each in verdicts if each["outcome"] == "breached" and each["on_breach"] == "stop"]
    if last is not None and last["status"] in ("failed", "stalled"):
        errors = last.get("errors") or [{}]
        return State(
            "broken", errors[0].get("description") or f"the batch {last['batch']} is {last['status']}"
        )
    if stopped:
        return State("broken", f"{stopped[0]['expectation']} is not as expected")
    due = expected_day(dataset, now)
    if due is not None and (newest is None or newest < due):
        return State("late", f"files of {due} have not been taken")
    if waiting_since is not None and now - waiting_since > LAG:
        return State("late", "messages wait to land")
    if breached := [each["expectation"] for each in verdicts if each["outcome"] == "breached"]:
        return State("unusual", f"{', '.join(breached)} not as expected")
    return FINE if last is not None else State("nothing yet")


def of_dag(dag: DagHealth | None, now: datetime) -> State:
    """How a Dag is: its last run, and whether the next one is overdue."""
    if dag is None:
        return State("nothing yet")
    if dag.state == "failed":
        return State("broken", f"the last run of {dag.dag} failed")
    if dag.due is not None and not dag.is_paused and now - dag.due > OVERDUE:
        return State("late", f"{dag.dag} should have started")
    return State("fine") if dag.state else State("nothing yet")


def of_step(step: Step) -> State:
    """How a step was."""
    if step.state in ("failed", "upstream_failed"):
        return State("broken", step.state.replace("_", " "))
    if step.state == "up_for_retry":
        return State("late", "waits to be tried again")
    seconds, usual = step.cost["seconds"], step.usual["seconds"]
    if seconds is not None and usual and seconds > SLOW * usual and seconds - usual > LEAST_S:
        return State("unusual", f"{seconds / usual:.0f} times as long as usual")
    rows, before = step.cost["rows"], step.usual["rows"]
    if rows == 0 and before:
        return State("unusual", "wrote nothing")
    return FINE


WRITERS = {
    "events": "signals_batch",
    "records": "signals_history",
    "quarantine": "signals_batch",
    "signals": "signals_batch",
    "ledger": "customer_value",
    "value": "customer_value",
    "value_by_decile": "customer_value",
    "value_movement": "customer_value",
    "bots": "bots",
    "bots_found": "bots",
    "visitor_days": "bots",
    "left_behind": "abandoned_browse",
    "identity": "customer_value",
    "rfm": "customer_value",
    "lifetime": "lifetime_value",
    "lifetime_actuals": "lifetime_value",
    "profiles": "profiles",
    "audiences": "audiences",
    "responses": "responses",
}
"""Which Dag writes the tables of an area; a query's and a match's table have their own."""


def writer_of(table: str) -> str:
    """The Dag that writes a table of the lake; empty where several do."""
    area, _, name = table.partition("/")
    own = {"queries": "query", "matches": "match"}
    return f"{own[area]}_{name}" if area in own else WRITERS.get(area, "")
