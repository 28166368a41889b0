"""Operators for signals: one dataset's files in, one atomic batch in the lake out."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from perennial.operators.stage import Counts, StageOperator

if TYPE_CHECKING:
    from perennial.stages.workspace import Workspace


class IngestOperator(StageOperator):
    """Ingest the batches of all datasets that have files of a kind, or of those that the form names.

    :param files: `daily` for the day before the run's `as_of`, `history` for all that came before
    """

    def __init__(self, *, files: Literal["daily", "history"], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.files = files

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.signals import ingest_batch

        params = context["params"]
        day = (as_of - timedelta(days=1)).date() if self.files == "daily" else None
        chosen = params.get("datasets") or [
            name
            for name, document in workspace.datasets.items()
            if (document.source.delivers(day) if day else document.source.history)
        ]
        if not chosen:
            raise AirflowSkipException(f"no dataset in {workspace.settings.include} has files of {day}")
        reports = {}
        for name in chosen:
            report = ingest_batch(workspace, name, day, dry_run=params.get("dry_run", False))
            self.log.info("%s", report)
            reports[name] = {key: n for key, n in asdict(report).items() if isinstance(n, int)}
        return reports
