"""What a run is about: one day, however the run came about."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from airflow.sdk import Context

from perennial.errors import TerminalError


class RunRefused(TerminalError):
    """The run was asked for something that it does not understand."""


def as_of(context: Context) -> datetime:
    """The exclusive end (UTC) of what a run may see.

    A run's form decides, if its `as_of` is filled in. Otherwise a partition named 2017-12-25 sees that day to
    its end; a run with a logical date sees what happened before it; a run by hand, without any of them, sees
    what happened before the last midnight before it was triggered.
    """
    params: Mapping[str, Any] = context.get("params") or {}
    run = context["dag_run"]
    if params.get("as_of"):
        return _midnight(day(params["as_of"], "as_of"))
    if run.partition_key:
        return _midnight(day(run.partition_key, "the partition's key") + timedelta(days=1))
    moment = run.logical_date or run.run_after
    return _midnight(moment.astimezone(UTC).date())


def partition_key(day: datetime) -> str:
    """The key of the partition that a run as of this moment completes: the day before."""
    return (day - timedelta(days=1)).date().isoformat()


def refuse_unknown_keys(context: Context) -> None:
    """Airflow takes any key in a run's configuration; a misspelt one must not pass unnoticed."""
    given = set(context["dag_run"].conf or {})
    known = set(context["dag"].params)
    unknown = sorted(given - known)
    if unknown:
        raise RunRefused(
            f"unknown key in the run's configuration: {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )


def _midnight(of: date) -> datetime:
    return datetime(of.year, of.month, of.day, tzinfo=UTC)


def day(text: str, where: str) -> date:
    """A day as a form gives it; raises `RunRefused`, which says where."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise RunRefused(f"{where} is {text!r}; expected a day such as 2017-12-25") from None
