"""The few calls of Airflow's REST API that the demo drives it with: JSON in, small values out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

import requests

from perennial.local.errors import LocalError

PAGE = 100
TIMEOUT = 30.0
FINISHED = ("success", "failed")


@dataclass(frozen=True)
class Run:
    """A Dag run at the moment of asking."""

    dag_id: str
    run_id: str
    state: str
    """`queued`, `running`, `success` or `failed`."""
    key: str | None
    """Of the partition."""
    started: datetime | None
    ended: datetime | None

    @property
    def seconds(self) -> float | None:
        """How long it ran; None unless it has ended."""
        return (self.ended - self.started).total_seconds() if self.started and self.ended else None


@dataclass(frozen=True)
class AirflowApi:
    """Airflow at a base URL, as one of its users."""

    url: str
    user: str
    password: str = field(repr=False)

    def dag_ids(self) -> set[str]:
        """Of all Dags that Airflow has read so far."""
        return {dag["dag_id"] for dag in self._pages("/dags", "dags")}

    def import_errors(self) -> dict[str, str]:
        """By file, what kept Airflow from reading it."""
        return {
            each["filename"]: each["stack_trace"] for each in self._pages("/importErrors", "import_errors")
        }

    def trigger(self, dag_id: str, conf: Mapping[str, Any]) -> Run:
        """Start a run outside of any schedule."""
        body = {"logical_date": None, "conf": dict(conf)}
        return _run(self._call("POST", f"/dags/{dag_id}/dagRuns", json=body))

    def run(self, dag_id: str, run_id: str) -> Run:
        """One run as it is now."""
        return _run(self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}"))

    def runs(self, dag_ids: Sequence[str]) -> list[Run]:
        """All runs of these Dags, the oldest first."""
        runs: list[Run] = []
        total = 1
        while len(runs) < total:
            body = {"dag_ids": list(dag_ids), "page_limit": PAGE, "page_offset": len(runs), "order_by": "id"}
            page = self._call("POST", "/dags/~/dagRuns/list", json=body)
            runs += [_run(each) for each in page["dag_runs"]]
            total = page["total_entries"] if page["dag_runs"] else 0
        return runs

    def run_again(self, run: Run) -> None:
        """Clear the failed tasks of a failed run, so that the scheduler takes them up once more."""
        body = {"dry_run": False, "only_failed": True}
        self._call("POST", f"/dags/{run.dag_id}/dagRuns/{run.run_id}/clear", json=body)

    def backfill(self, dag_id: str, first: date, last: date) -> None:
        """Have every partition from `first` to `last` run that has not, one after the other."""
        body = {
            "dag_id": dag_id,
            "from_date": _midnight(first),
            "to_date": _midnight(last),
            "max_active_runs": 1,
            "reprocess_behavior": "none",
        }
        self._call("POST", "/backfills", json=body)

    def failure(self, run: Run, lines: int = 12) -> str:
        """Which task made a run fail, and the end of its log."""
        tasks = self._call("GET", f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances")["task_instances"]
        failed = next((task for task in tasks if task["state"] == "failed"), None)
        if failed is None:
            return "no task of it failed: look at the run's page"
        log = self._call(
            "GET",
            f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{failed['task_id']}/logs/{failed['try_number']}",
            params={"full_content": "true", "map_index": failed["map_index"]},
        )
        said = [line for entry in log["content"] for line in _log_lines(entry)]
        return f"task {failed['task_id']}, attempt {failed['try_number']}:\n" + "\n".join(said[-lines:])

    def _pages(self, path: str, name: str) -> Iterator[dict[str, Any]]:
        seen, total = 0, 1
        while seen < total:
            page = self._call("GET", path, params={"limit": PAGE, "offset": seen})
            yield from page[name]
            seen, total = seen + len(page[name]), page["total_entries"] if page[name] else 0

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        response = self._session.request(method, f"{self.url}/api/v2{path}", timeout=TIMEOUT, **arguments)
        if not response.ok:
            raise LocalError(f"Airflow refused {method} {path}: {response.status_code} {response.text[:500]}")
        return response.json()

    @cached_property
    def _session(self) -> requests.Session:
        credentials = {"username": self.user, "password": self.password}
        response = requests.post(f"{self.url}/auth/token", json=credentials, timeout=TIMEOUT)
        if not response.ok:
            raise LocalError(f"Airflow refused the login of {self.user}: {response.status_code}")
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
        return session


def _run(found: Mapping[str, Any]) -> Run:
    return Run(
        dag_id=found["dag_id"],
        run_id=found["dag_run_id"],
        state=found["state"],
        key=found["partition_key"],
        started=_time(found["start_date"]),
        ended=_time(found["end_date"]),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _midnight(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat()


def _log_lines(entry: Mapping[str, Any]) -> Iterator[str]:
    if not str(entry["event"]).startswith("::"):
        yield f"    {entry['event']}"
    for error in entry.get("error_detail") or []:
        for frame in error["frames"]:
            if "site-packages" not in frame["filename"]:
                yield f"      {frame['filename']}:{frame['lineno']} in {frame['name']}"
        yield f"      {error['exc_type']}: {error['exc_value']}"
