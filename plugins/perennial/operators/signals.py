"""Operators for signals: files, uploads, messages and quarantined rows in, batches in the lake out."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from perennial.operators.context import as_of
from perennial.operators.stage import Counts, StageOperator
from perennial.operators.storage import storage_options
from perennial.settings import Settings

if TYPE_CHECKING:
    from perennial.stages.lineage import Origin
    from perennial.stages.workspace import Workspace


class IngestOperator(StageOperator):
    """Ingest the batches of all datasets that have files of a kind, or of those that the form names.

    A day on which no dataset delivers a file is skipped, unless messages make days of their own.

    :param files: `daily` for the day before the run's `as_of`, `history` for all that came before
    """

    def __init__(self, *, files: Literal["daily", "history"], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.files = files

    def execute(self, context: Context, event: dict[str, Any] | None = None) -> Counts:
        # Files that the datasets allow to be late are waited for in the triggerer; `event` ends the wait.
        if event is None and self.files == "daily" and context["dag_run"].run_type == "scheduled":
            self._wait(context)
        return super().execute(context)

    def _wait(self, context: Context) -> None:
        from perennial.signals.ingest import path_of
        from perennial.stages.workspace import Workspace
        from perennial.triggers.files import FilesTrigger, missing_of

        workspace, moment = Workspace(Settings.from_env()), as_of(context)
        day = (moment - timedelta(days=1)).date()
        late: dict[int, list[tuple[str, str | None]]] = {}
        for name in self._chosen(workspace, day, context):
            source = workspace.dataset(name).source
            if source.wait_hours:
                pattern = path_of(workspace.dataset(name), workspace.settings.landing, day)
                late.setdefault(source.wait_hours, []).append((pattern, source.connection))
        for hours, patterns in sorted(late.items()):
            until = context["dag_run"].run_after + timedelta(hours=hours)
            if until > datetime.now(UTC) and (missing := missing_of(patterns)):
                self.log.info("waiting until %s for %s", until, ", ".join(missing))
                self.defer(trigger=FilesTrigger(patterns, until.timestamp()), method_name="execute")

    def _chosen(self, workspace: "Workspace", day: date | None, context: Context) -> list[str]:
        named: list[str] = context["params"].get("datasets") or [
            name
            for name, document in workspace.datasets.items()
            if (document.source.delivers(day) if day else document.source.history)
        ]
        return named

    def origin(self, workspace: "Workspace") -> "Origin":
        from perennial.stages.lineage import landed

        return landed(workspace, daily=self.files == "daily")

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.signals import ingest_batch

        params = context["params"]
        day = (as_of - timedelta(days=1)).date() if self.files == "daily" else None
        chosen = self._chosen(workspace, day, context)
        sources = [document.source for document in workspace.datasets.values()]
        streams = day is not None and any(source.stream and source.covers(day) for source in sources)
        if not chosen and not streams:
            raise AirflowSkipException(f"no dataset in {workspace.settings.include} has files of {day}")
        reports = {}
        for name in chosen:
            storage = storage_options(workspace.dataset(name).source.connection)
            report = ingest_batch(
                workspace,
                name,
                day,
                datetime.now(UTC),
                storage=storage,
                dry_run=params.get("dry_run", False),
                accept=params.get("accept_breach", False),
            )
            self.log.info("%s", report)
            reports[name] = _counts(report)
            if not params.get("dry_run"):
                tell_of(context, report.batch, report.failed, report.breaches)
        if day and not params.get("dry_run"):
            self._check_messages(workspace, day, {*chosen}, context)
        return reports

    def _check_messages(self, workspace: "Workspace", day: date, done: set[str], context: Context) -> None:
        """Ask of a day's messages what is expected of them, before the next stage starts."""
        from perennial.stages.signals import check_day

        params = context["params"]
        for name, document in workspace.datasets.items():
            wanted = name not in done and name in (params.get("datasets") or [name])
            if wanted and document.source.stream and document.source.covers(day):
                breaches = check_day(
                    workspace, name, day, datetime.now(UTC), accept=params.get("accept_breach", False)
                )
                tell_of(context, f"{name}-stream-{day}", 0, breaches)


class FindUploadsOperator(StageOperator):
    """Return the uploaded batches that wait to be taken, and tidy up after all the others.

    Those that were never completed are given up, batches under way for hours are marked as stalled, and the
    files of those that came to nothing are removed after a month.
    """

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.signals.batches import Batches, Status
        from perennial.signals.uploads import Staging, abandon, expire

        batches, now = Batches(workspace.lake.batches), datetime.now(UTC)
        staging = Staging(workspace.settings.staging)
        counts = {
            "abandoned": len(abandon(staging, batches, now)),
            "stalled": len(batches.stall(now)),
            "deleted": len(expire(staging, batches, now)),
        }
        waiting = (Status.LOADED, Status.STAGING, Status.STAGED, Status.RETRYING, Status.STALLED)
        found = batches.current().filter(source="upload").collect()
        accepted = found["batch"].is_in((context.get("params") or {}).get("accept_breach") or [])
        wanted = found["status"].is_in(waiting) | (accepted & (found["status"] == Status.FAILED))
        ready = found.filter(wanted)["batch"].sort().to_list()
        return {"ready": ready, **counts}

    def execute(self, context: Context) -> list[str]:  # type: ignore[override]
        ready: list[str] = super().execute(context)["ready"]
        return ready


class IngestUploadOperator(StageOperator):
    """Take one uploaded batch.

    :param batch: the batch's id
    """

    template_fields: Sequence[str] = ("batch",)

    def __init__(self, *, batch: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch = batch

    def origin(self, workspace: "Workspace") -> "Origin":
        from perennial.stages.lineage import uploaded

        return uploaded(workspace)

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.signals import ingest_uploaded

        accept = self.batch in ((context.get("params") or {}).get("accept_breach") or [])
        report = ingest_uploaded(workspace, self.batch, datetime.now(UTC), accept=accept)
        tell_of(context, report.batch, report.failed, report.breaches)
        return {report.dataset: _counts(report)}


class LandStreamOperator(StageOperator):
    """Land the messages that came since the last time, of every dataset that takes messages."""

    def origin(self, workspace: "Workspace") -> "Origin":
        from perennial.stages.lineage import streamed

        return streamed(workspace)

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.signals.log import open_log
        from perennial.stages.signals import land_messages

        settings = workspace.settings
        log = open_log(settings.spool, settings.stream_log)
        landed: Counts = {}
        for name, document in workspace.datasets.items():
            if not document.source.stream:
                continue
            total = {"read": 0, "accepted": 0, "duplicate": 0, "failed": 0, "micro_batches": 0}
            for report in land_messages(workspace, name, log, datetime.now(UTC)):
                self.log.info("%s", report)
                for key, number in _counts(report).items():
                    total[key] += number
                total["micro_batches"] += 1
            landed[name] = total
            tell_of(context, f"messages of {name}", total["failed"], ())
        return landed


class ReplayOperator(StageOperator):
    """Replay quarantined rows, corrected or not; those that are good now are taken, each once."""

    def origin(self, workspace: "Workspace") -> "Origin":
        from perennial.stages.lineage import set_aside

        return set_aside(workspace)

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.signals import replay_rows

        params, run = context["params"], context["dag_run"]
        report = replay_rows(
            workspace,
            params["dataset"],
            params.get("ids"),
            datetime.now(UTC),
            by=getattr(run, "triggering_user_name", None) or "signals_replay",
            uncorrected=params.get("uncorrected", False),
        )
        return asdict(report)


class RevertOperator(StageOperator):
    """Take the rows of a batch of events back out of the lake."""

    DERIVES = False

    def run(self, workspace: "Workspace", as_of: datetime, context: Context) -> Counts:
        from perennial.stages.signals import revert_batch

        batch = context["params"]["batch"]
        return {"batch": batch, "rows": revert_batch(workspace, batch, datetime.now(UTC))}


def tell_of(context: Context, batch: str, failed: int, breaches: Sequence[str]) -> None:
    """Tell of rows that were set aside, and of what was not as expected, whoever wants to hear of it."""
    if not failed and not breaches:
        return
    from perennial.operators.alerts import about_batch, tell

    if failed:
        text = f"{failed:,} {'row' if failed == 1 else 'rows'} of {batch} set aside in the quarantine."
        tell(about_batch(context, "quarantine", batch, text, amount=failed))
    if breaches:
        text = f"{batch} is not what is expected."
        tell(about_batch(context, "breach", batch, text, detail="\n".join(breaches)))


def _counts(report: Any) -> dict[str, int]:
    return {key: n for key, n in asdict(report).items() if isinstance(n, int)}
