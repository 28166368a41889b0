"""Queries that run by themselves, as documents: files in `include/sql/queries`, whose comment says when.

Nothing here imports an engine: the scheduler reads these files again and again.
"""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from perennial.documents import Document, DocumentError, load_each
from perennial.queries.jobs import Dialect
from perennial.queries.templates import Name, Parameter, used_in
from perennial.sql_files import load_sql

Event = Literal["start", "success", "failure", "quarantine", "delay"]
Mode = Literal["create", "append", "overwrite", "upsert"]
OFTEN = {"hourly": "0 * * * *", "daily": "0 0 * * *", "weekly": "0 0 * * 1", "monthly": "0 0 1 * *",
         "yearly": "0 0 1 1 *"}  # fmt: skip
INTERVAL = ("interval_start", "interval_end")
"""Moments (UTC) that every query may use: the data interval of its run."""
INCREMENT = ("since", "until")
"""Snapshots that a query with a `source` may use: what it took in last, and the newest."""
RUN_KEY = "run_key"
"""The column by which rows are appended: a run that is repeated replaces its own."""
QUARANTINED_AFTER = 10
DAG = "query_"
"""How the Dags of queries begin."""
_FIELD = r"[0-9*/,\-]+"


class Alerts(Document):
    """Who hears of a query's runs."""

    events: list[Event] = ["failure", "quarantine", "delay"]
    """What is told."""
    slack: str | None = None
    """An Airflow connection that holds the address of a Slack-compatible webhook."""
    webhook: str | None = None
    """An Airflow connection of type http: its host is posted to, its password sent as a bearer token."""
    email: list[str] = []
    """Addresses that are written to."""
    smtp: str = "smtp_default"
    """The Airflow connection that e-mails are sent with."""

    @model_validator(mode="after")
    def _heard(self) -> "Alerts":
        if self.slack is None and self.webhook is None and not self.email:
            raise ValueError("alerts need a slack or a webhook connection, or an e-mail address")
        return self


class ScheduledQuery(Document):
    """A query with a schedule and an output."""

    name: Name
    title: Annotated[str, Field(min_length=1)]
    """What people call it."""
    description: str = ""
    """For people."""
    dialect: Dialect = "lake"
    """Where it runs: DuckDB over the `lake`, or PostgreSQL over the `store`."""
    schedule: str
    """hourly, daily, weekly, monthly, yearly, or five fields of cron; UTC. Runs begin as an interval ends."""
    start: date | None = None
    """The first day of an interval that is run."""
    end: date | None = None
    """The last one; without it, there is no end."""
    output: Name | None = None
    """The table in the lake, `queries.<output>`; by default called like the file."""
    audience: Name | None = None
    """The audience, of those that are lists, on whose list the rows are put; there is no table then."""
    mode: Mode = "create"
    """`create`: the first run makes the table, later ones add to it. `append`: the table must be there.
    `overwrite`: each run replaces all. `upsert`: rows of the same `key` are replaced."""
    key: list[str] = []
    """Of `upsert`: which columns say that two rows are the same."""
    source: str | None = None
    """A table of the lake, such as events/transactions, of which `$since` and `$until` give what is new."""
    or_earliest: bool = False
    """Whether a query whose last snapshot has expired begins anew, with all that the earliest one holds."""
    parameters: dict[Name, Parameter] = {}
    """The values that it asks for, by name."""
    minutes: Annotated[int, Field(ge=1, le=1_440)] = 15
    """How long a run may take."""
    megabytes: Annotated[int, Field(ge=256, le=1_000_000)] = 4_096
    """How much memory a run may take."""
    quarantine: bool = True
    """Whether the query is paused after ten runs that failed one after the other."""
    delay_minutes: Annotated[int, Field(ge=1, le=1_440)] = 150
    """After how long a run that has not ended is late."""
    alerts: Alerts | None = None
    """Who hears of its runs, beside what documents of `include/alerts` say."""
    sql: Annotated[str, Field(min_length=1)]

    @property
    def cron(self) -> str:
        return OFTEN.get(self.schedule, self.schedule)

    @property
    def table(self) -> str:
        """The output's name in the lake."""
        return f"queries/{self.output or self.name}" if self.audience is None else "audiences/lists"

    @property
    def dag(self) -> str:
        return f"{DAG}{self.name}"

    @model_validator(mode="after")
    def _consistent(self) -> "ScheduledQuery":
        if self.schedule not in OFTEN and not _is_cron(self.schedule):
            raise ValueError(
                f"schedule: one of {', '.join(OFTEN)}, or five fields of cron; found {self.schedule!r}"
            )
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"the end, {self.end}, is before the start, {self.start}")
        if (self.mode == "upsert") != bool(self.key):
            raise ValueError("upsert needs a key, and only upsert has one")
        if self.audience is not None and (self.output or self.mode not in ("append", "overwrite")):
            raise ValueError(
                "people are put on an audience's list with mode append or overwrite, and no output"
            )
        if self.source is not None and (self.dialect != "lake" or self.mode == "overwrite"):
            raise ValueError("a source is for queries of the lake that add to their output")
        used = set(used_in(self.sql))
        known = {*self.parameters, *INTERVAL, *(INCREMENT if self.source else ())}
        if missing := sorted(used - known):
            hint = " ($since and $until need a source)" if set(missing) & {*INCREMENT} else ""
            raise ValueError(
                f"the SQL uses ${', $'.join(missing)}, which `parameters` does not declare{hint}"
            )
        if idle := sorted(set(self.parameters) - used):
            raise ValueError(f"the SQL does not use ${', $'.join(idle)}, which `parameters` declares")
        if self.source is not None and not {*INCREMENT} <= used:
            raise ValueError("a query with a source reads BETWEEN $since AND $until")
        if taken := sorted(set(self.parameters) & {*INTERVAL, *INCREMENT}):
            raise ValueError(f"${', $'.join(taken)} is given by the run, and cannot be declared")
        open_ = [name for name, each in self.parameters.items() if each.default is None]
        if open_:
            raise ValueError(f"parameters of a scheduled query need a default: {', '.join(open_)}")
        return self

    def as_dict(self) -> dict[str, Any]:
        """As the pages show it."""
        return {**self.model_dump(mode="json"), "cron": self.cron, "table": self.table, "dag": self.dag}


def load_scheduled(include: Path) -> dict[str, ScheduledQuery | DocumentError]:
    """All of them by name; of one that cannot be read the error: it does not keep the others from running."""
    return load_each((include / "sql" / "queries").glob("*.sql"), lambda path: load_sql(path, ScheduledQuery))


def find(include: Path, name: str) -> ScheduledQuery:
    """One query. Raises `DocumentError`."""
    path = include / "sql" / "queries" / f"{name}.sql"
    if not path.is_file():
        raise DocumentError(f"{path}: there is no such query")
    return load_sql(path, ScheduledQuery)


def moment(day: date) -> datetime:
    """The beginning of a day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _is_cron(text: str) -> bool:
    fields = text.split()
    return len(fields) == 5 and all(re.fullmatch(_FIELD, field) for field in fields)
