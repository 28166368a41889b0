"""`python -m lake_writers ROOT NUMBER`: one of several processes that write to the same tables at once.

Each kind of write of the lake is made, to days that are the writer's own and to days that all share. What is
refused because another was faster is made again, as Airflow does it.
"""

import sys
from collections.abc import Callable
from datetime import date, timedelta

import polars as pl

from perennial.lake import files
from perennial.lake.deletion import delete
from perennial.lake.maintenance import Policy, compact, crowded
from perennial.lake.tables import ConcurrentCommit, Table
from perennial.queries.outputs import write

WRITERS, ROUNDS = 3, 2
SHARED = date(2017, 12, 25)
TRIES = 100


def tables(root: str) -> dict[str, Table]:
    """Those that are written to, by their names."""
    return {
        "events": Table(root, "events/sales", partition="event_date"),
        "batches": Table(root, "events/batches", partition="event_date"),
        "notes": Table(root, "signals/notes"),
        "upserted": Table(root, "outputs/upserted", evolves=True),
        "columns": Table(root, "outputs/columns", evolves=True),
    }


def own(writer: int) -> date:
    """A day to which nobody else writes."""
    return SHARED + timedelta(days=1 + writer)


def frame(day: date, writer: int, *values: int) -> pl.DataFrame:
    rows = {"event_date": [day] * len(values), "writer": [writer] * len(values), "v": values}
    return pl.DataFrame(rows, schema={"event_date": pl.Date, "writer": pl.Int64, "v": pl.Int64})


def work(root: str, writer: int, wait: Callable[[], object] = lambda: None) -> None:
    """All that a writer writes; of rows that it takes away again, nothing is left.

    :param wait: is called before each round, until the others have come as far
    """
    made = tables(root)
    for turn in range(ROUNDS):
        wait()
        n = 100 * writer + turn
        rows = frame(SHARED, writer, n, -n - 1)
        _again(made["events"].append, rows)
        _again(delete, made["events"], pl.col("v") == -n - 1)
        _again(made["events"].replace, frame(own(writer), writer, n, n), own(writer))
        _again(_batch, made["batches"], writer, turn, n)
        _again(made["notes"].replace_where, frame(SHARED, writer, n), "writer", writer)
        keyed = pl.DataFrame({"id": [f"{writer}", f"{writer}.{turn}"], "v": [n, n]})
        _again(write, root, "outputs/upserted", keyed, "upsert", ["id"], "")
        widened = pl.DataFrame({"id": [n], f"of_{writer}": [n]})
        _again(made["columns"].append, widened)
    for day in crowded(made["events"], Policy(many=2)):
        _again(compact, made["events"], day, Policy())


def _batch(table: Table, writer: int, turn: int, value: int) -> None:
    """As batches are ingested: files first, then one commit that the same batch makes once."""
    rows = pl.concat([frame(day, writer, value) for day in (SHARED, own(writer))])
    version = files.create(table, rows.schema)
    if table.transaction(f"writer {writer}") >= turn:
        return
    files.commit(table, files.write(table, rows), version, [(f"writer {writer}", turn)])


def _again(action: Callable[..., object], *arguments: object) -> None:
    for attempt in range(TRIES):
        try:
            action(*arguments)
        except ConcurrentCommit:
            if attempt == TRIES - 1:
                raise
        else:
            return


if __name__ == "__main__":

    def meet() -> None:
        print("ready", flush=True)
        sys.stdin.readline()

    work(sys.argv[1], int(sys.argv[2]), meet)
